"""A cache of arrays derived from files: versioned, checksummed, without pickles.

An entry is a folder of .npy files and about.json, which holds the version of this layout, what the arrays were derived
from, and, in a `Cache`, the sha256 of each file. An entry that differs from what is expected is made again.
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
"""Version of the layout. Entries of other versions are made again."""

ABOUT = "about.json"

Arrays = dict[str, NDArray[Any]]
log = logging.getLogger(__name__)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def named_by(source: Mapping[str, Any]) -> str:
    """A 16-digit hash of a source and the layout's version, to name entries of different sources in one folder."""
    named = json.dumps({"version": VERSION, "source": source}, sort_keys=True)
    return sha256(named.encode()).hexdigest()[:16]


@final
class CacheEntry:
    """A folder of memory-mapped arrays.

    source: everything that the arrays depend on, JSON-serialisable.
    """

    def __init__(self, path: Path, source: Mapping[str, Any]) -> None:
        self.path, self._source = path, json.loads(json.dumps(source))

    def about(self) -> dict[str, Any]:
        """The content of about.json; {} where it is missing, damaged, or of another source or version.

        Raises OSError where the file exists and cannot be read.
        """
        try:
            about = json.loads((self.path / ABOUT).read_text())
            is_this: bool = (about["version"], about["source"]) == (VERSION, self._source)
            return about if is_this else {}
        except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError, RecursionError):
            return {}

    def describe(self, folder: Path, **more: Any) -> None:
        """Write the about.json of this entry into a folder that is to be renamed to it."""
        (folder / ABOUT).write_text(json.dumps({"version": VERSION, "source": self._source, **more}, indent=1))

    def mapped(self, name: str, mode: Literal["c", "r"]) -> NDArray[Any]:
        """A memory-mapped array. mode: "c" is copy-on-write, so that a tensor may share the pages; "r" is read-only."""
        path = self.path / name
        try:
            return np.load(path, mmap_mode=mode, allow_pickle=False)
        except ValueError:  # an empty array cannot be mapped
            return np.load(path, allow_pickle=False)


@final
class Cache:
    """A folder of entries. Concurrent jobs wait for the first to make an entry; reading needs no write permission."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def arrays(self, name: str, source: Mapping[str, Any], make: Callable[[Path], None]) -> Arrays:
        """The memory-mapped arrays of an entry. make: writes them as .npy files into the folder that it receives.

        source: everything that the arrays depend on, JSON-serialisable; an entry of another source is made again.
        Raises DataFault where nothing can be written.
        """
        entry = CacheEntry(self._folder / name, source)
        if _sound(entry):
            return _read(entry)
        try:
            with scratch(self._folder, name) as made:
                if not _sound(entry):  # no other job made it while this one waited for the lock
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
    except OSError as fault:  # the entry may be intact, so it is kept
        raise DataFault(
            f"cannot read {fault.filename or entry.path}: {fault.strerror or fault}. Mend that, or name another "
            "folder for what is worked out from the data: data.cache=FOLDER."
        ) from None
    except (ValueError, TypeError, AttributeError):
        return False


def _read(entry: CacheEntry) -> Arrays:
    return {path.stem: entry.mapped(path.name, "c") for path in sorted(entry.path.glob("*.npy"))}
