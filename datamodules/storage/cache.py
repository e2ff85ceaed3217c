"""What was worked out from files, kept as arrays: versioned, checksummed, never trusted when damaged, never a pickle.

An entry is a folder of .npy files and about.json: the version of this layout, what the arrays were made from, and, in
a `Cache`, the sha256 of each file. It is taken only if all are as expected, and made anew otherwise.
"""

import json
import logging
from collections.abc import Callable, Mapping
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any, Literal, final

import numpy as np
from numpy.typing import NDArray

from datamodules.contract import DataFault
from datamodules.storage.scratch import scratch

VERSION = 1
"""Of the layout. A new number makes every older entry be made anew."""

ABOUT = "about.json"

Arrays = dict[str, NDArray[Any]]
log = logging.getLogger(__name__)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def named_by(source: Mapping[str, Any]) -> str:
    """What tells entries of different sources, or versions of this layout, from each other in one folder."""
    named = json.dumps({"version": VERSION, "source": source}, sort_keys=True)
    return sha256(named.encode()).hexdigest()[:16]


@final
class CacheEntry:
    """A folder of arrays, mapped into memory, and what they were made from.

    source: whatever the arrays depend on, as JSON has it.
    """

    def __init__(self, path: Path, source: Mapping[str, Any]) -> None:
        self.path, self._source = path, json.loads(json.dumps(source))

    def about(self) -> dict[str, Any]:
        """What about.json says; nothing where there is none, or it is damaged, or tells of another source or version.

        Raises OSError where there is one that cannot be read.
        """
        try:
            about = json.loads((self.path / ABOUT).read_text())
            is_this: bool = (about["version"], about["source"]) == (VERSION, self._source)
            return about if is_this else {}
        except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError, RecursionError):
            return {}

    def describe(self, folder: Path, **more: Any) -> None:
        """Write about.json for the arrays in a folder, which is to become this entry."""
        (folder / ABOUT).write_text(json.dumps({"version": VERSION, "source": self._source, **more}, indent=1))

    def mapped(self, name: str, mode: Literal["c", "r"]) -> NDArray[Any]:
        """An array. mode: "c" copies on writing, so that a tensor may share the pages and the file stays as it is; "r"
        refuses to be written.
        """
        path = self.path / name
        try:
            return np.load(path, mmap_mode=mode, allow_pickle=False)
        except ValueError:  # an array without items cannot be mapped
            return np.load(path, allow_pickle=False)


@final
class Cache:
    """Entries in a folder. Jobs that want the same one wait for the first of them; to read needs no right to write."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def arrays(self, name: str, source: Mapping[str, Any], make: Callable[[Path], None]) -> Arrays:
        """The arrays of an entry, mapped into memory. `make` writes them as .npy files into the folder it is given.

        source: whatever the arrays depend on, as JSON has it; an entry made from anything else is made anew.
        Raises DataFault where nothing can be written.
        """
        entry = CacheEntry(self._folder / name, source)
        if _sound(entry):
            return _read(entry)
        try:
            with scratch(self._folder, name) as made:
                if not _sound(entry):  # nobody made it while we waited
                    _make(entry, make, made)
            return _read(entry)
        except OSError as fault:
            raise DataFault(
                f"cannot write {fault.filename or self._folder}: {fault.strerror or fault}. "
                "Make room, or name a folder for what is worked out from the data: data.cache=FOLDER."
            ) from None


def _make(entry: CacheEntry, make: Callable[[Path], None], scratch: Path) -> None:
    if entry.path.exists():
        log.info("%s is damaged, or was made from other files, settings or by another version: made anew", entry.path)
    fresh, stale = scratch / "fresh", scratch / "stale"
    fresh.mkdir()
    make(fresh)
    entry.describe(fresh, sha256={path.name: sha256_of(path) for path in sorted(fresh.glob("*.npy"))})
    if entry.path.exists():
        entry.path.rename(stale)
    fresh.rename(entry.path)


def _sound(entry: CacheEntry) -> bool:
    try:
        sums = entry.about().get("sha256")
        if not sums or set(sums) != {path.name for path in entry.path.glob("*.npy")}:
            return False
        return all(sha256_of(entry.path / name) == expected for name, expected in sums.items())
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as fault:  # which says nothing about the entry: it stays
        raise DataFault(
            f"cannot read {fault.filename or entry.path}: {fault.strerror or fault}. Mend that, or name another "
            "folder for what is worked out from the data: data.cache=FOLDER."
        ) from None
    except (ValueError, TypeError, AttributeError):
        return False


def _read(entry: CacheEntry) -> Arrays:
    return {path.stem: entry.mapped(path.name, "c") for path in sorted(entry.path.glob("*.npy"))}
