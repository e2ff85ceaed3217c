"""The files of a run on their way between machines that share no disk."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple, final

from benchmark.common.errors import RunFault
from benchmark.results.run_folder import LOCK, write_whole

LATER = ("status.json", "checkpoints/last.ckpt", "record.json")
"""Files that are written after the others, in this order: the record says that a run is finished, and the last
checkpoint refers to the best one. So a kill between two files leaves a run that resumes.
"""


class Parcel(NamedTuple):
    """files: contents by path below the run's folder. gone: paths of files that have been deleted."""

    files: Mapping[str, bytes]
    gone: Sequence[str]

    @property
    def size(self) -> int:
        """In bytes."""
        return sum(map(len, self.files.values()))

    def write(self, folder: Path) -> None:
        """Writes the files below a folder, each by rename. Raises RunFault for a path that leads out of the folder, and
        where one cannot be written.
        """
        for name in (*self.files, *self.gone):
            if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or not name:
                raise RunFault(f"{folder}: a node returned a file that is not below the run's folder: {name!r}")
        for name in sorted(self.files, key=_rank):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, self.files[name])
        for name in self.gone:
            (folder / name).unlink(missing_ok=True)


NOTHING = Parcel({}, ())


@final
class Changes:
    """What changes in a run's folder, from one call to the next."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._known: dict[str, tuple[int, int]] = {}

    def ignore(self) -> None:
        """Counts what is there now as known."""
        self._known = dict(_stamps(self._folder))

    def collect(self) -> Parcel:
        """The files that are new or changed, and those that are gone.

        The last checkpoint is read before the best one, which a run writes first: they fit as after a kill.
        """
        stamps = dict(_stamps(self._folder))
        changed = [name for name in stamps if self._known.get(name) != stamps[name]]
        gone = [name for name in self._known if name not in stamps]
        files: dict[str, bytes] = {}
        for name in sorted(changed, key=_rank, reverse=True):
            try:
                files[name] = (self._folder / name).read_bytes()
            except FileNotFoundError:  # deleted meanwhile
                stamps.pop(name)
        self._known = stamps
        return Parcel(files, gone)


def _rank(name: str) -> tuple[int, str]:
    return (LATER.index(name) + 1 if name in LATER else 0), name


def _stamps(folder: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    """Time and size of every file below a folder. No lock, no unfinished file and no link."""
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            if name == LOCK or name.endswith(".part") or path.is_symlink() or not path.is_file():
                continue
            found = path.stat()
            yield path.relative_to(folder).as_posix(), (found.st_mtime_ns, found.st_size)
