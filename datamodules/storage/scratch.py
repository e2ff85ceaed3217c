"""Folders to write into before what was written gets its name: gone when that is done, whatever became of it."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from datamodules.storage.locks import is_free, locked

LEFT = re.compile(r"\.(?P<name>.+)\.[a-z0-9_]{8}")
"""What `scratch` calls its folders, as `tempfile` ends names."""


@contextmanager
def scratch(folder: Path, name: str) -> Iterator[Path]:
    """A folder within `folder` for what is to be called `name`, held under a lock; one at a time."""
    with locked(folder / f".{name}.lock"), scratch_of_one(folder, name) as made:
        yield made


@contextmanager
def scratch_of_one(folder: Path, name: str) -> Iterator[Path]:
    """The same for who holds the lock `.{name}.lock` already.

    What a kill has left there of earlier ones goes first, whatever they were to be called: nobody holds their locks.
    """
    for left in folder.iterdir():
        match = LEFT.fullmatch(left.name)
        if match and left.is_dir() and (match["name"] == name or is_free(folder / f".{match['name']}.lock")):
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=f".{name}.") as made:
        yield Path(made)
