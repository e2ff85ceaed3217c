"""What a reader is asked when files are damaged on purpose: how a whole one is made, and what is read of it."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


class Reader(NamedTuple):
    """make: writes a whole file, and all beside it that it is read with, into a folder. read: a value that compares, of
    what was read; raises one of the project's faults for what is refused, and nothing else.
    """

    make: Callable[[Path], Path]
    read: Callable[[Path], object]
