"""Temporary folders for atomic writes: their content is renamed when complete, and they are deleted afterwards."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from datamodules.storage.locks import is_free, locked

LEFT = re.compile(r"\.(?P<name>.+)\.[a-z0-9_]{8}")
"""The names of temporary folders: a dot, the target's name, and the suffix of `tempfile`."""


@contextmanager
def scratch(folder: Path, name: str) -> Iterator[Path]:
    """A temporary folder within `folder` for the target `name`, under a lock, so that there is one at a time."""
    with locked(folder / f".{name}.lock"), scratch_of_one(folder, name) as made:
        yield made


@contextmanager
def scratch_of_one(folder: Path, name: str) -> Iterator[Path]:
    """The same for a caller that already holds the lock `.{name}.lock`.

    Temporary folders that killed processes have left, of any target whose lock is free, are deleted first.
    """
    for left in folder.iterdir():
        match = LEFT.fullmatch(left.name)
        if match and left.is_dir() and (match["name"] == name or is_free(folder / f".{match['name']}.lock")):
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=f".{name}.") as made:
        yield Path(made)
