"""The standing of one run, from the files of its folder. No file makes it raise, and nothing is written."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from benchmark.common.json_files import Damaged, read_object
from benchmark.process.terminal import span
from benchmark.report.read.folders import RunFolderName, number
from benchmark.report.read.records import RecordError, read_headline, read_record
from benchmark.report.read.status import is_gone, is_here, last_of_traceback, one_line
from benchmark.results.run_folder import RunFolder, name_of
from benchmark.results.words import as_overrides
from datamodules.printable import printable

STATES = ("failed", "damaged", "dead", "interrupted", "running", "done")
"""All states, in the order in which they need attention."""
ENDED_BADLY = STATES[:3]
"""States that make the command's exit code 1."""

SILENT_SECONDS = 900.0
"""The longest time without an update of status.json before a run elsewhere counts as dead. Training updates it every
two seconds; validation, evaluation and the reading of data do not.
"""
BEGINNING_SECONDS = 120.0
"""The longest time between the making of a run's folder and its first status."""
MOST = 1e9
"""Numbers at least as large are not those of a run: epochs, or seconds (30 years)."""


class Standing(NamedTuple):
    """The standing of a run. state: one of STATES. epochs: as planned. left: remaining seconds of training.

    updated: seconds since the last update of its status. None where a number is unknown. result: the primary metric on
    the test split of a finished run, as text. setting: the overrides that the hash of the folder's name stands for.
    remarks: files that could not be used, with reasons.
    """

    folder: Path
    run: str
    state: str
    message: str = ""
    epoch: int | None = None
    epochs: int | None = None
    left: float | None = None
    updated: float | None = None
    result: str = ""
    setting: str = ""
    remarks: tuple[str, ...] = ()


def standing_of(address: RunFolderName) -> Standing:
    """The standing of the run in a folder; what cannot be read at all makes it a damaged one."""
    folder = RunFolder(address.folder)
    run = text(folder.name)
    try:
        if folder.record.exists():
            return finished(folder, run)
        return unfinished(folder, run)
    except Exception as error:  # a bad file costs this run only
        return Standing(
            folder.path, run, "damaged", text(f"its files cannot be read ({type(error).__name__}: {error})")
        )


def text(value: object) -> str:
    """A text of a file as one line that is safe on a terminal; "" for null."""
    return printable(one_line(value))


def finished(folder: RunFolder, run: str) -> Standing:
    """A run with a record."""
    try:
        record = read_record(folder.record)
    except RecordError as fault:
        return Standing(folder.path, run, "damaged", text(f"record.json {fault}"))
    if folder.is_copy_of(name := name_of(record)):
        return Standing(folder.path, run, "damaged", text(f"its record is that of {name}: a copy, or it was renamed"))
    headline = read_headline(record["measure"])
    value = number(record["test"].get("mean"), headline.key)
    result = text(f"test {headline.name} {headline.written(value)}")
    words = as_overrides(record["told"]["differs"]) if "told" in record else []
    return Standing(folder.path, run, "done", result=result, setting=text(" ".join(words)))


def unfinished(folder: RunFolder, run: str) -> Standing:
    """A run without a record, from its status, its lock and its log."""
    held = folder.holding() == "held"
    try:
        status = read_object(folder.status)
    except FileNotFoundError:
        return begun(folder, run, held)
    except Damaged as error:
        fault = text(f"status.json cannot be used: it {error}")
        if held:
            return Standing(folder.path, run, "running", "a process holds its lock", remarks=(fault,))
        return Standing(folder.path, run, "damaged", fault)
    words = status.get("setting")
    found = Standing(
        folder.path, run, "running", text(status.get("message")), count(status, "epoch"), count(status, "epochs"),
        bounded(status, "seconds_left"), age_of(status), remarks=copied(folder, status),
        setting=text(" ".join(map(str, words))) if isinstance(words, list) else "",
    )  # fmt: skip
    state = status.get("state")
    if held and state != "running":
        return found._replace(message="starting", epoch=None, epochs=None, left=None)
    if state == "running":
        return living(folder, found, status, held)
    return ended(folder, found._replace(left=None), state)


def begun(folder: RunFolder, run: str, held: bool) -> Standing:
    """A run without a status: its process starts, or ended before it could write one."""
    seconds = time.time() - folder.path.stat().st_mtime
    if held or seconds < BEGINNING_SECONDS:
        return Standing(folder.path, run, "running", "starting")
    message = "its folder has neither status nor record: its process ended before it began"
    return Standing(folder.path, run, "dead", message, remarks=("status.json is missing",))


def living(folder: RunFolder, found: Standing, status: Mapping[str, Any], held: bool) -> Standing:
    """A run whose status says that it is running: whether its process still is.

    A held lock proves it, on any machine. A free lock proves the contrary on the run's own machine only, as not every
    shared disk has locks; elsewhere the time since the last update decides.
    """
    silent = found.updated is None or found.updated > SILENT_SECONDS
    quiet = f"no sign of life for {span(found.updated)}" if found.updated is not None else "its status has no time"
    if held:
        return found._replace(remarks=(*found.remarks, quiet)) if silent else found
    reason, host = "", status.get("host")
    if is_gone(status):
        reason = f"its process {text(status.get('pid'))} is gone"
    elif is_here(status) and folder.holding() == "free":
        reason = "nobody holds its lock: its process is gone"
    elif silent:
        reason = f"{quiet}, on {text(host) or 'an unknown machine'}"
    if not reason:
        return found
    last = f" (last: {found.message})" if found.message else ""
    return found._replace(state="dead", message=f"{reason}{last}", left=None)


def ended(folder: RunFolder, found: Standing, state: object) -> Standing:
    """A run whose status says how it ended, and which has no record."""
    if state == "failed":
        reason = found.message or text(last_of_traceback(folder.log)) or "no message; see run.log"
        return found._replace(state="failed", message=reason)
    if state == "interrupted":
        return found._replace(state="interrupted", message=found.message or "started again, it resumes")
    if state == "finished":
        return found._replace(state="damaged", message="the status says finished, but there is no record.json")
    return found._replace(state="damaged", message="status.json says nothing of its state")


def copied(folder: RunFolder, status: Mapping[str, Any]) -> tuple[str, ...]:
    """A remark where a status is that of another run."""
    name = status.get("run")
    if not isinstance(name, str) or not folder.is_copy_of(name):
        return ()
    return (text(f"its status is that of {name}: a copy, or it was renamed"),)


def bounded(values: Mapping[str, Any], key: str) -> float | None:
    """A number of a status in [0, MOST); None for anything else."""
    found = number(values, key)
    return found if found is not None and 0 <= found < MOST else None


def count(values: Mapping[str, Any], key: str) -> int | None:
    """A positive whole number of a status; None for anything else."""
    found = bounded(values, key)
    return int(found) if found else None


def age_of(status: Mapping[str, Any]) -> float | None:
    """Seconds since the last update of a status; 0 where clocks disagree, None where it has no time."""
    try:
        updated = datetime.fromisoformat(str(status.get("updated")))
        aware = updated if updated.tzinfo else updated.replace(tzinfo=UTC)
        return max(0.0, (datetime.now(UTC) - aware).total_seconds())
    except (ValueError, OverflowError):
        return None
