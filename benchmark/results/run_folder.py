"""A run's folder: its files, its lock and its status. Every file is replaced as a whole or not at all."""

import contextlib
import errno
import json
import os
import socket
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, final

from benchmark.common.errors import RunFault
from benchmark.results.run_lock import held, is_free

LOCK = ".lock"


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
        """Whether the record of this very configuration is there. Raises RunFault where the record is another's, or
        cannot be used.
        """
        if not self.record.exists():
            return False
        self.refuse_unusable()
        found = read_json(self.record).get("config_hash")
        if found != config_hash:
            raise RunFault(self._another("a finished run", found, config_hash))
        return True

    def refuse_another(self, config_hash: str) -> None:
        """Raises RunFault where the unfinished run in this folder has another configuration: it cannot be resumed."""
        if not self.last.exists():
            return
        self.refuse_unusable()
        found = read_json(self.status).get("config_hash")
        if found != config_hash:
            raise RunFault(self._another("an unfinished run", found, config_hash))

    def refuse_unusable(self) -> None:
        """Raises RunFault where what lies here can neither be kept nor be resumed, whatever the settings."""
        if fault := self.unusable():
            raise RunFault(fault)

    def unusable(self) -> str:
        """Why that is so, and what to do; "" where it is not."""
        if self.record.exists():
            record = read_json(self.record)
            if not isinstance(record.get("config_hash"), str):
                return f"{self.record} is damaged. Delete it, and the run is evaluated anew from its last checkpoint"
            return self._copied(name_of(record))
        if self.last.exists():
            status = read_json(self.status)
            if not isinstance(status.get("config_hash"), str):
                told = "damaged" if self.status.exists() else "missing"
                return (
                    f"{self.status} is {told}, so that nobody knows which settings {self.last} is of. Delete "
                    f"{self.last}, and the run starts anew"
                )
            return self._copied(str(status.get("run", "")))
        return ""

    def _copied(self, name: str) -> str:
        """What to say where a run of another name lies here; "" where it has this one, or none that is known."""
        if not name or name == "/".join(self.path.absolute().parts[-3:]):
            return ""
        return f"{self.path} holds the run {name}: it is a copy, or was renamed. Delete it, or give it its name back"

    def _another(self, what: str, found: object, wanted: str) -> str:
        return (
            f"{self.path} holds {what} of other settings (configuration {str(found)[:8]}, this one is {wanted[:8]}; "
            "a default has changed since). Give this one another study=NAME, or delete the folder."
        )

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the folder for this process; the lock ends with the process, however it ends.

        Raises BusyFault where another process holds it.
        """

        def told() -> str:
            pid = read_json(self.status).get("pid", "unknown")
            return f"{self.path}: another process ({pid}) is at work on this run; wait for it"

        with held(self.path / LOCK, told):
            yield

    def is_free(self) -> bool:
        """Whether no process is at work here."""
        return is_free(self.path / LOCK)


@final
class Status:
    """What a run says of itself while it runs, in status.json.

    state: running, failed, interrupted or finished; finished is only said, the record is what counts. run: the name
    that its folder should have. fingerprints: of the data it is on. weights: from elsewhere, that it started from.
    """

    def __init__(self, path: Path, config_hash: str, started: str):
        self._path = path
        self._values: dict[str, Any] = {
            "state": "running", "pid": os.getpid(), "host": socket.gethostname(), "epoch": 0, "epochs": 0, "step": 0,
            "steps": 0, "started": started, "seconds_left": None, "message": "", "config_hash": config_hash,
            "run": "", "fingerprints": {}, "weights": None,
        }  # fmt: skip

    def say(self, **values: object) -> None:
        self._values |= values | {"updated": now()}
        write_json(self._path, self._values)

    def get(self, key: str) -> Any:
        return self._values[key]


def name_of(record: Mapping[str, Any]) -> str:
    """Where the run of a record belongs in its study; "" for a record that does not say."""
    try:
        setting = f"-{record['setting']}" if record["setting"] else ""
        return f"{record['attention']}/{record['data']}/seed={record['seed']}{setting}"
    except KeyError:
        return ""


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file; empty where the file is missing or not one."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
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
