"""A run's folder: its files, its lock and its status. Files are replaced atomically."""

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
from benchmark.results.record_damage import record_damage
from benchmark.results.run_lock import Holding, held, holding, is_free

LOCK = ".lock"
EVALUATIONS = "evaluations"
"""The folder in a run's of later evaluations of it, each a folder with a record of its own. None of them is a run."""
GRADIENTS = "gradients"
"""The folder in a run's of measurements of its gradients, likewise."""
FREE_SPACE = "Free some space and start it again"
"""The remedy for a full disk, in every message of it: what it stopped has not failed for good."""


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
        self.wandb = path / "wandb"
        self.predictions = path / "predictions.npz"
        self.symbols = path / "symbols.json"
        self.log = path / "run.log"
        self.status = path / "status.json"
        self.record = path / "record.json"
        self.evaluations = path / EVALUATIONS
        self.gradients = path / GRADIENTS
        self.sealed = [self.predictions, self.best, self.metrics, self.config, self.task, self.symbols]

    @property
    def name(self) -> str:
        """Mechanism, data set and seed, as the folder's path says."""
        return "/".join(self.path.absolute().parts[-3:])

    def is_copy_of(self, name: str) -> bool:
        """Whether what lies here is of a run of another name. name: as what lies here says, "" where it does not."""
        return bool(name) and name != self.name

    def kept(self, share: float) -> Path:
        """A checkpoint that is kept of a point of training. share: of training, 0 to 1."""
        return self.best.parent / f"progress={share:g}.ckpt"

    def panel_after(self, epoch: int) -> Path:
        """The picture of validation images after an epoch, from 0."""
        return self.pictures / "validation" / f"epoch={epoch + 1:05d}.png"

    def make(self) -> None:
        for folder in (self.best.parent, self.pictures):
            with explained(folder):
                folder.mkdir(parents=True, exist_ok=True)

    def withdraw(self) -> None:
        """Removes what `make` made, where nothing has been written since."""
        with contextlib.suppress(OSError):
            for folder in (self.best.parent, self.pictures, self.path):
                folder.rmdir()

    def is_finished(self, config_hash: str) -> bool:
        """Whether a record of this configuration exists. Raises RunFault if the record is of another configuration or
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
        """Raises RunFault if this folder's unfinished run has another configuration and cannot be resumed."""
        if not self.last.exists():
            return
        self.refuse_unusable()
        found = read_json(self.status).get("config_hash")
        if found != config_hash:
            raise RunFault(self._another("an unfinished run", found, config_hash))

    def refuse_unusable(self) -> None:
        """Raises RunFault if this folder's run can neither be used nor resumed, under any configuration."""
        if fault := self.unusable():
            raise RunFault(fault)

    def unusable(self) -> str:
        """Why this folder's run can neither be used nor resumed, and what to do; "" if it can."""
        if self.record.exists():
            record = read_json(self.record)
            if damage := record_damage(record):
                return f"{self.record} {damage}. Delete it, and the run is evaluated again from its last checkpoint"
            return self._copied(name_of(record))
        if self.last.exists():
            status = read_json(self.status)
            if not isinstance(status.get("config_hash"), str):
                state = "damaged" if self.status.exists() else "missing"
                return (
                    f"{self.status} is {state}, so that the configuration of {self.last} is unknown. Delete "
                    f"{self.last}, and the run starts again"
                )
            if wrong := wrong_values(status):
                return (
                    f"{self.status} is damaged: its {', '.join(wrong)} cannot be used. Put back a whole copy, or "
                    f"delete {self.last}, and the run starts again"
                )
            return self._copied(str(status.get("run", "")))
        return ""

    def _copied(self, name: str) -> str:
        """The fault where this folder holds a run of another name; "" where the name matches or is unknown."""
        if not self.is_copy_of(name):
            return ""
        return f"{self.path} holds the run {name}: it is a copy, or was renamed. Delete it, or rename it back"

    def _another(self, what: str, found: object, wanted: str) -> str:
        return (
            f"{self.path} holds {what} of other settings (configuration {str(found)[:8]}, this one is {wanted[:8]}; "
            "a default has changed since). Give this one another study=NAME, or delete the folder."
        )

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Locks the folder for this process; the operating system releases the lock when the process ends.

        Raises BusyFault if another process holds it.
        """

        def busy() -> str:
            pid = read_json(self.status).get("pid", "unknown")
            return f"{self.path}: another process ({pid}) is executing this run; wait for it"

        with held(self.path / LOCK, busy):
            yield

    def is_free(self) -> bool:
        """Whether no process is executing this run."""
        return is_free(self.path / LOCK)

    def holding(self) -> Holding:
        """Whether a process is executing this run, found without writing; see `run_lock.holding`."""
        return holding(self.path / LOCK)


@final
class Status:
    """status.json, which a run updates while it executes.

    state: running, failed, interrupted or finished; for finished the record is what counts. run: the name that its
    folder should have. git: revision of the code when it started. fingerprints: of its data. weights: pretrained
    weights that it started from.
    """

    def __init__(self, path: Path, config_hash: str, started: str):
        self._path = path
        self._values: dict[str, Any] = {
            "state": "running", "pid": os.getpid(), "host": socket.gethostname(), "epoch": 0, "epochs": 0, "step": 0,
            "steps": 0, "started": started, "seconds_left": None, "message": "", "config_hash": config_hash,
            "run": "", "git": {}, "fingerprints": {}, "weights": None,
        }  # fmt: skip

    def update(self, **values: object) -> None:
        """Sets values and writes the file. Raises RunFault where it cannot be written."""
        self._values |= values | {"updated": now()}
        write_json(self._path, self._values)

    def get(self, key: str) -> Any:
        return self._values[key]


def wrong_values(status: Mapping[str, Any]) -> list[str]:
    """The keys of a status with which no run can be resumed: their values would go into its record."""
    prints, weights = status.get("fingerprints", {}), status.get("weights")
    usable = {
        "run": isinstance(status.get("run", ""), str),
        "started": isinstance(status.get("started", ""), str),
        "fingerprints": isinstance(prints, dict) and all(isinstance(each, str) for each in prints.values()),
        "weights": weights is None or (isinstance(weights, list) and all(isinstance(each, dict) for each in weights)),
    }
    return [key for key, is_usable in usable.items() if not is_usable]


def name_of(record: Mapping[str, Any]) -> str:
    """The path of a record's run inside its study; "" for a record without it."""
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
    """Replaces a file atomically by rename: readers, crashes and full disks leave the old or the new content."""
    fresh = path.with_name(f".{path.name}.part")  # a fixed name: the next write replaces what a killed one left
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
    """Turns a failure to write into a RunFault with the file, the reason and what to do."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        cure = f"{FREE_SPACE}: it resumes" if full else "Fix that and start it again"
        reason = "the disk is full" if full else error.strerror or str(error)
        raise RunFault(f"cannot write {path}: {reason}. Files already there are intact. {cure}.") from error


def _settle(folder: Path) -> None:
    """Flushes a folder to disk: only then does a rename in it survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
