"""Where a node of a Ray cluster keeps a run while it executes it. Made by the driver, used on the node."""

import os
import shutil
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import final

from benchmark.common.errors import RunFault
from benchmark.results.run_folder import RunFolder
from benchmark.sweep.parcel import NOTHING, Changes, Parcel

PATIENCE_SECONDS = 90.0
"""For an earlier attempt of the same run on the same node to end."""


class NodeRun(ABC):
    """The folder of one run on a node."""

    @abstractmethod
    def open(self) -> list[str]:
        """Prepares the folder; returns overrides that the run's command line needs besides. Raises RunFault."""

    @abstractmethod
    def working_folder(self) -> str | None:
        """Where the run's process starts; None for the folder of the node's own processes."""

    @abstractmethod
    def folder(self) -> RunFolder:
        """The run's folder on this node."""

    @abstractmethod
    def changes(self, ended: bool) -> Parcel:
        """What the driver does not have yet. ended: whether the run has ended."""

    @abstractmethod
    def close(self) -> None:
        """Removes what is of no use on the node any more."""


@final
class SharedRun(NodeRun):
    """A folder on a disk that the driver sees too. cwd: the driver's working folder. path: of the run's folder."""

    def __init__(self, cwd: str, path: Path):
        self._cwd, self._path = cwd, path

    def open(self) -> list[str]:
        return []

    def working_folder(self) -> str | None:
        return self._cwd

    def folder(self) -> RunFolder:
        return RunFolder(self._path)

    def changes(self, ended: bool) -> Parcel:
        return NOTHING

    def close(self) -> None: ...


@final
class OwnRun(NodeRun):
    """A folder on the node's own disk, filled with what the driver has of the run.

    name: the run's path below a folder of runs. driver: separates the runs of different drivers. place: as of
    `runs_of`. parcel: the run's files so far. seconds: at least so long between two returns of changes.
    """

    def __init__(self, name: Path, driver: str, place: str | None, parcel: Parcel, seconds: float):
        self._name, self._driver, self._place = name, driver, place
        self._parcel, self._seconds, self._returned = parcel, seconds, 0.0
        self._changes: Changes | None = None

    def open(self) -> list[str]:
        folder = self.folder()
        until = time.monotonic() + PATIENCE_SECONDS
        while not folder.is_free():
            if time.monotonic() > until:
                raise RunFault(f"{folder.path} is in use by another process of this node")
            time.sleep(0.5)
        shutil.rmtree(folder.path, ignore_errors=True)  # left by an attempt that was killed
        folder.make()
        self._parcel.write(folder.path)
        self._parcel = NOTHING
        self._changes = Changes(folder.path)
        self._changes.ignore()
        return [f"runs='{self._runs()}'"]

    def working_folder(self) -> str | None:
        return self._place

    def folder(self) -> RunFolder:
        return RunFolder(self._runs() / self._name)

    def changes(self, ended: bool) -> Parcel:
        assert self._changes is not None
        if not ended and time.monotonic() - self._returned < self._seconds:
            return NOTHING
        self._returned = time.monotonic()
        return self._changes.collect()

    def close(self) -> None:
        shutil.rmtree(self.folder().path, ignore_errors=True)

    def _runs(self) -> Path:
        return runs_of(self._place) / self._driver


def runs_of(place: str | None) -> Path:
    """The folder of this user's runs on a node, which is made. place: the folder above it, None for that of temporary
    files. Raises RunFault where it cannot be made, or is another user's.
    """
    folder = Path(place or tempfile.gettempdir(), f"attention-ray-{os.getuid()}")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        own = folder.stat().st_uid == os.getuid() and os.access(folder, os.W_OK)
    except OSError as error:
        raise RunFault(f"{folder} cannot be made: {error.strerror or error}") from error
    if not own:
        raise RunFault(f"{folder} is another user's, or cannot be written")
    return folder
