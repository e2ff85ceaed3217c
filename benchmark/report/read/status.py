"""Reads the status and the log of a run without a record."""

import os
import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmark.common.json_files import Damaged, read_object
from benchmark.report.read.folders import RunFolderName, Unfinished
from benchmark.report.read.records import RecordError, read_headline
from benchmark.results.primary_metric import Headline
from benchmark.results.run_folder import RunFolder

LOG_BYTES, MOST_SIGNS = 2**20, 2000
"""Bytes read from the end of a log, and characters shown of a text."""


def read_unfinished(address: RunFolderName) -> Unfinished:
    """A run without a record, from its status and its log."""
    status = read_status(address.folder / "status.json")
    message, state = one_line(status.get("message")), one_line(status.get("state")) or "waiting"
    if state == "running" and (is_gone(status) or (is_here(status) and RunFolder(address.folder).holding() == "free")):
        state = "interrupted"
    last = "" if state == "running" else last_of_traceback(address.folder / "run.log")
    if state == "failed" or last:
        state, message = "failed", message or last or "no message; see run.log"
    elif state == "finished":
        state, message = "damaged", "the status says finished, but there is no record.json"
    elif state == "interrupted":
        message = message or "its process is gone; start the sweep again to resume it"
    epoch = one_line(f"{status['epoch']} of {status.get('epochs', '?')}") if "epoch" in status else ""
    return Unfinished(address, state, message, epoch, one_line(status.get("updated")), primary_metric_of(status))


def primary_metric_of(status: Mapping[str, Any]) -> Headline | None:
    """A run's primary metric; None while its status lacks it."""
    found = status.get("measure")
    try:
        return read_headline(found) if isinstance(found, dict) else None
    except RecordError:
        return None


def read_status(path: Path) -> Mapping[str, Any]:
    """status.json; empty where missing, and an entry `message` where it cannot be used."""
    try:
        return read_object(path)
    except FileNotFoundError:
        return {}
    except Damaged as error:
        return {"message": f"status.json cannot be used: it {error}"}


def last_of_traceback(log: Path) -> str:
    """The line with the exception that a log ends with; "" where it ends otherwise. A run that was started again after
    an exception has logged something after it.
    """
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - LOG_BYTES))
            text = file.read(LOG_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
    _, found, tail = text.rpartition("Traceback (most recent call last):")
    if not found or re.search(r"^\d{4}-\d\d-\d\d ", tail, re.MULTILINE):
        return ""
    lines = [line.strip() for line in tail.splitlines() if re.match(r"[A-Za-z_][\w.]*(:|$)", line)]
    return lines[0] if lines else ""


def is_here(status: Mapping[str, Any]) -> bool:
    """Whether a run is of this machine, whose locks say whether its process lives."""
    return status.get("host") == socket.gethostname()


def is_gone(status: Mapping[str, Any]) -> bool:
    """Whether the process of a running run has ended; False for another machine's, where it is unknown."""
    pid = status.get("pid")
    if not is_here(status) or not isinstance(pid, int) or pid <= 0:
        return False
    try:
        os.kill(pid, 0)  # signal 0 only checks that the process exists
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def one_line(value: object) -> str:
    """Text of a status on one line."""
    return " ".join(str(value).split())[:MOST_SIGNS] if value is not None else ""
