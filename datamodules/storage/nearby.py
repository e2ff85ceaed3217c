"""Finds data that are not in the configured folder: one folder up or down, or under another name."""

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

LOOKED_INTO = 300
"""Maximum number of folders searched, so that it takes no time beside a million photographs."""


def elsewhere(root: Path, wanted: str) -> str:
    """A sentence that names a folder near `root` that has the relative path `wanted`, or says that `root` is a file;
    otherwise "".

    Searched are the parent folder and the folders one and two levels below root.
    """
    if root.is_file():
        return f" {root} is a file, and no folder."
    for folder in islice(_near(root), LOOKED_INTO):
        if (folder / wanted).exists():
            return f" There is {wanted} in {folder}: data.root={folder}."
    return ""


def beside(folder: Path, file: str) -> str:
    """A clause that names a sibling of a missing or empty folder that has the file, or ""."""
    for other in islice(_folders(folder.parent), LOOKED_INTO):
        if (other / file).is_file():
            return f"; they are in {other}: rename it to {folder.name}"
    return ""


def _near(root: Path) -> Iterator[Path]:
    below = list(islice(_folders(root), LOOKED_INTO))
    yield root.absolute().parent
    yield from below
    for folder in below:
        yield from _folders(folder)


def _folders(folder: Path) -> Iterator[Path]:
    """The folders within one; none where it cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            yield from (Path(entry.path).absolute() for entry in entries if entry.is_dir())
    except OSError:
        return
