"""Where data lie that are not where they were looked for: one folder up or down, or under another name."""

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

LOOKED_INTO = 300
"""Folders, at most: an answer is wanted at once, also beside a million photographs."""


def elsewhere(root: Path, wanted: str) -> str:
    """A sentence that names the folder with `wanted` (a path relative to a root of data), or "" where none near has it.

    Near: the folder above, those in it, and those one or two levels below.
    """
    for folder in islice(_near(root), LOOKED_INTO):
        if (folder / wanted).exists():
            return f" There is {wanted} in {folder}: data.root={folder}."
    return ""


def beside(folder: Path, file: str) -> str:
    """A clause that names the folder beside a missing or empty one in which its file is, or ""."""
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
    """The folders in one; none where it cannot be looked into."""
    try:
        with os.scandir(folder) as entries:
            yield from (Path(entry.path).absolute() for entry in entries if entry.is_dir())
    except OSError:
        return
