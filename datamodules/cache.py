"""What was worked out from files, kept as arrays: versioned, checksummed, never trusted when damaged, never a pickle.

An entry is a folder of .npy files and about.json: the version of this layout, what the arrays were made from, and the
sha256 of each file. It is taken only if all three are as expected, and made anew otherwise.
"""

import json
import logging
from collections.abc import Callable, Mapping
from hashlib import file_digest
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from datamodules.contract import DataFault
from datamodules.scratch import scratch

VERSION = 1
"""Of the layout. A new number makes every older entry be made anew."""

Arrays = dict[str, NDArray[Any]]
log = logging.getLogger(__name__)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


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
        kept, wanted = self._folder / name, json.loads(json.dumps(source))
        if _sound(kept, wanted):
            return _read(kept)
        try:
            with scratch(self._folder, name) as made:
                if not _sound(kept, wanted):  # nobody made it while we waited
                    self._make(kept, wanted, make, made)
            return _read(kept)
        except OSError as fault:
            raise DataFault(
                f"cannot write {fault.filename or self._folder}: {fault.strerror or fault}. "
                "Make room, or name a folder for what is worked out from the data: data.cache=FOLDER."
            ) from None

    def _make(self, kept: Path, source: Any, make: Callable[[Path], None], scratch: Path) -> None:
        if kept.exists():
            log.info("%s is damaged, or was made from other files, settings or by another version: made anew", kept)
        fresh, stale = scratch / "fresh", scratch / "stale"
        fresh.mkdir()
        make(fresh)
        sums = {path.name: sha256_of(path) for path in sorted(fresh.glob("*.npy"))}
        about = {"version": VERSION, "source": source, "sha256": sums}
        (fresh / "about.json").write_text(json.dumps(about, indent=1))
        if kept.exists():
            kept.rename(stale)
        fresh.rename(kept)


def _sound(kept: Path, source: Any) -> bool:
    try:
        about = json.loads((kept / "about.json").read_text())
        if about["version"] != VERSION or about["source"] != source or not about["sha256"]:
            return False
        if set(about["sha256"]) != {path.name for path in kept.glob("*.npy")}:
            return False
        return all(sha256_of(kept / name) == expected for name, expected in about["sha256"].items())
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as fault:  # which says nothing about the entry: it stays
        raise DataFault(
            f"cannot read {fault.filename or kept}: {fault.strerror or fault}. Mend that, or name another "
            "folder for what is worked out from the data: data.cache=FOLDER."
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False


def _read(kept: Path) -> Arrays:
    return {path.stem: _mapped(path) for path in sorted(kept.glob("*.npy"))}


def _mapped(path: Path) -> NDArray[Any]:
    """Copied on writing, so that a tensor may share the pages and the file stays as it is."""
    try:
        return np.load(path, mmap_mode="c", allow_pickle=False)
    except ValueError:  # an array without items cannot be mapped
        return np.load(path, allow_pickle=False)
