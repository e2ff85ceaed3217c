"""Arrays from an .npz file, checked before memory is taken: what it declares has to fit what it holds."""

import io
import re
import stat
import zipfile
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

MOST_BYTES = 2**29
"""Of all arrays of a file together; those of 50,000 images have some ten million."""
MOST_ARRAYS = 100
HEADER = re.compile(
    r"\{'descr': '(?P<kind>[<|>][biuf][1248])', 'fortran_order': (?P<turned>False|True), "
    r"'shape': \((?P<shape>[0-9, ]{0,60})\),? *\} *\n"
)
"""Of an array of plain numbers as NumPy writes it. Parsed by a pattern: NumPy's own parser runs into deep nesting."""


class Head(NamedTuple):
    """What an array declares."""

    kind: np.dtype[Any]
    shape: tuple[int, ...]
    order: Literal["C", "F"]


def read_arrays(path: Path, wanted: Callable[[str], bool]) -> dict[str, NDArray[Any]]:
    """The arrays of wanted names. Raises ValueError for a file that is damaged or holds anything else, OSError."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError("it is no ordinary file")
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_ARRAYS or sum(entry.file_size for entry in entries) > MOST_BYTES:
                raise ValueError(f"it declares more than {MOST_BYTES:,} bytes")
            if len({entry.filename for entry in entries}) < len(entries):
                raise ValueError("it has two arrays of one name")
            named = [(entry.filename.removesuffix(".npy"), entry) for entry in entries]
            return {name: _array(archive, entry) for name, entry in named if wanted(name)}
    except (OSError, ValueError):
        raise
    except Exception as error:  # of zipfile and zlib, a dozen kinds
        raise ValueError(" ".join(str(error).split())[:100] or type(error).__name__) from None


def _array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> NDArray[Any]:
    content = archive.read(entry)  # of the size that was declared, or zipfile raises; its checksum holds
    file = io.BytesIO(content)
    head = read_head(file)
    if prod(head.shape) * head.kind.itemsize != len(content) - file.tell():
        raise ValueError(f"its {entry.filename[:40]} is not as large as it says")
    return np.frombuffer(content, head.kind, offset=file.tell()).reshape(head.shape, order=head.order)


def read_head(file: BinaryIO) -> Head:
    """The head of an .npy file, up to its numbers. Raises ValueError for one that is not of plain numbers."""
    start = file.read(10)
    found = HEADER.fullmatch(file.read(int.from_bytes(start[8:10], "little")).decode("latin-1"))
    if start[:8] != b"\x93NUMPY\x01\x00" or not found:
        raise ValueError("an array's head is damaged, or not one of plain numbers")
    sides = [side for side in found["shape"].replace(" ", "").split(",") if side]
    if any(len(side) > 12 for side in sides):
        raise ValueError("an array declares more than any file holds")
    return Head(np.dtype(found["kind"]), tuple(int(side) for side in sides), "F" if found["turned"] == "True" else "C")
