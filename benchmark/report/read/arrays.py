"""Reads arrays from an untrusted .npz file; declared sizes are checked before memory is allocated."""

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
"""Largest total size of a file's arrays; the predictions for 50,000 images have about ten million bytes."""
MOST_ARRAYS = 100
HEADER = re.compile(
    r"\{'descr': '(?P<kind>[<|>][biuf][1248])', 'fortran_order': (?P<turned>False|True), "
    r"'shape': \((?P<shape>[0-9, ]{0,60})\),? *\} *\n"
)
"""The header of a numeric array as NumPy writes it. NumPy's own parser can be crashed by deep nesting."""


class Head(NamedTuple):
    """The header of an array: dtype, shape and memory order."""

    kind: np.dtype[Any]
    shape: tuple[int, ...]
    order: Literal["C", "F"]


def read_arrays(path: Path, wanted: Callable[[str], bool]) -> dict[str, NDArray[Any]]:
    """The arrays whose names are wanted. Raises ValueError for a file that is damaged or not of arrays, and OSError."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError("it is not a regular file")
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_ARRAYS or sum(entry.file_size for entry in entries) > MOST_BYTES:
                raise ValueError(f"it declares more than {MOST_BYTES:,} bytes")
            if len({entry.filename for entry in entries}) < len(entries):
                raise ValueError("it has two arrays of the same name")
            named = [(entry.filename.removesuffix(".npy"), entry) for entry in entries]
            return {name: _array(archive, entry) for name, entry in named if wanted(name)}
    except (OSError, ValueError):
        raise
    except Exception as error:  # of zipfile and zlib, a dozen kinds
        raise ValueError(" ".join(str(error).split())[:100] or type(error).__name__) from None


def _array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> NDArray[Any]:
    content = archive.read(entry)  # zipfile checks the declared size and the checksum
    file = io.BytesIO(content)
    head = read_head(file)
    if prod(head.shape) * head.kind.itemsize != len(content) - file.tell():
        raise ValueError(f"its {entry.filename[:40]} has another size than declared")
    return np.frombuffer(content, head.kind, offset=file.tell()).reshape(head.shape, order=head.order)


def read_head(file: BinaryIO) -> Head:
    """Reads the header of an .npy file. Raises ValueError for an array that is not numeric."""
    start = file.read(10)
    found = HEADER.fullmatch(file.read(int.from_bytes(start[8:10], "little")).decode("latin-1"))
    if start[:8] != b"\x93NUMPY\x01\x00" or not found:
        raise ValueError("the header of an array is damaged, or the array is not numeric")
    sides = [side for side in found["shape"].replace(" ", "").split(",") if side]
    if any(len(side) > 12 for side in sides):
        raise ValueError("an array declares an impossible size")
    return Head(np.dtype(found["kind"]), tuple(int(side) for side in sides), "F" if found["turned"] == "True" else "C")
