"""A run's folder: its files, its lock and its status. Every file is replaced as a whole or not at all."""

import contextlib
import errno
import fcntl
import json
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, final

from benchmark.faults import RunFault


@final
class RunFolder:
    """The files of one run, by name."""

    def __init__(self, path: Path):
        self.path = path
        self.config = path / "config.yaml"
        self.task = path / "task.json"
        self.metrics = path / "metrics.jsonl"
        self.best = path / "checkpoints" / "best.ckpt"
        self.last = path / "checkpoints" / "last.ckpt"
        self.pictures = path / "pictures"
        self.predictions = path / "predictions.npz"
        self.symbols = path / "symbols.json"
        self.log = path / "run.log"
        self.status = path / "status.json"
        self.record = path / "record.json"
        self.sealed = [self.predictions, self.best, self.metrics, self.config, self.task, self.symbols]

    def make(self) -> None:
        for folder in (self.best.parent, self.pictures):
            with explained(folder):
                folder.mkdir(parents=True, exist_ok=True)

    def is_finished(self, config_hash: str) -> bool:
        """Whether the record of this very configuration is there. Raises RunFault where the record is another's."""
        if not self.record.exists():
            return False
        found = read_json(self.record).get("config_hash")
        if found != config_hash:
            raise RunFault(self._another("a finished run", found, config_hash))
        return True

    def refuse_another(self, config_hash: str) -> None:
        """Raises RunFault where the unfinished run in this folder has another configuration: it cannot be resumed."""
        found = read_json(self.status).get("config_hash")
        if self.last.exists() and found != config_hash:
            raise RunFault(self._another("an unfinished run", found, config_hash))

    def _another(self, what: str, found: object, wanted: str) -> str:
        return (
            f"{self.path} holds {what} of other settings (configuration {str(found)[:8]}, this one is {wanted[:8]}; "
            "a default has changed since). Give this one another study=NAME, or delete the folder."
        )

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the folder for this process; the lock ends with the process, however it ends.

        Raises RunFault where another process holds it.
        """
        with (self.path / ".lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                pid = read_json(self.status).get("pid", "unknown")
                raise RunFault(f"{self.path}: another process ({pid}) is at work on this run; wait for it") from None
            yield


@final
class Status:
    """What a run says of itself while it runs, in status.json.

    state: running, failed, interrupted or finished; finished is only said, the record is what counts.
    """

    def __init__(self, path: Path, config_hash: str, started: str):
        self._path = path
        self._values: dict[str, Any] = {
            "state": "running", "pid": os.getpid(), "host": socket.gethostname(), "epoch": 0, "epochs": 0, "step": 0,
            "steps": 0, "started": started, "seconds_left": None, "message": "", "config_hash": config_hash,
        }  # fmt: skip

    def say(self, **values: object) -> None:
        self._values |= values | {"updated": now()}
        write_json(self._path, self._values)

    def get(self, key: str) -> Any:
        return self._values[key]


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file; empty where the file is missing or not one."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def write_json(path: Path, value: object) -> None:
    write_whole(path, (json.dumps(value, indent=1) + "\n").encode())


def write_whole(path: Path, content: bytes) -> None:
    """Replaces a file by rename, so that a reader, a crash or a full disk meets the old one or the new one, whole."""
    fresh = path.with_name(f".{path.name}.part")  # one name: what a kill leaves, the next write replaces
    try:
        with explained(path):
            with fresh.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
            _settle(path.parent)
    finally:
        fresh.unlink(missing_ok=True)


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """A failure to write as a RunFault that says which file, why, and what to do."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        cure = "Free some space and start it again: it resumes" if full else "Mend that and start it again"
        reason = "the disk is full" if full else error.strerror or str(error)
        raise RunFault(f"cannot write {path}: {reason}. What stands there already is whole. {cure}.") from error


def _settle(folder: Path) -> None:
    """A rename survives a power cut only when its folder is on the disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
