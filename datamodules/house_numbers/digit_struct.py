"""Reads digitStruct.mat, the annotation of SVHN's format 1 (Netzer et al. 2011): each image's digits and their boxes.

A MATLAB 7.3 file, that is HDF5 with references: digitStruct/name and digitStruct/bbox hold one reference per image, to
its file name (16-bit characters) and to a group of five members: height, label, left, top and width. A member holds one
reference per digit, to a number; for an image of one digit it holds the number itself. Label 10 is the digit 0.
Pixels count from 0 and boxes are half open: the authors' viewer shows rows top + 1 .. top + height, counted from 1.

Axes: N images, D digits of all images one after another.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from h5py import h5d, h5r, h5s, h5t
from numpy.typing import NDArray

from datamodules.contract import DataFault
from datamodules.storage.child_process import ChildCrashError, Limits, in_child_process

MEMBERS = ("height", "label", "left", "top", "width")
FIELDS = (b"label", b"left", b"top", b"width", b"height")
"""The members of a digit, in the order of an `Entry`."""


class Annotations(NamedTuple):
    """The content of a digitStruct.mat, not validated.

    name: (N,) file names. length: (N,) number of digits of each. label: (D,) 1..10. box: (D, 4) left, top, width,
    height in pixels.
    """

    name: NDArray[np.str_]
    length: NDArray[np.int64]
    label: NDArray[np.float64]
    box: NDArray[np.float64]

    @property
    def first(self) -> NDArray[np.int64]:
        """(N,) index in `label` and `box` of each image's first digit."""
        return np.cumsum(self.length) - self.length

    def digits(self, image: int) -> slice:
        return slice(int(self.first[image]), int(self.first[image] + self.length[image]))


def read_digit_struct(path: Path) -> Annotations:
    """Read a digitStruct.mat. Raises DataFault, with the number of the entry, for a file that is missing, truncated or
    of another structure. Labels and boxes are not validated here.
    """
    with _opened(path) as file:
        names, boxes = _references(path, file, "name"), _references(path, file, "bbox")
        if len(names) != len(boxes) or not len(names):
            raise _foreign(path, f"it has {len(names)} names and {len(boxes)} entries of boxes")
        return gathered(list(_entries(path, file, names, boxes)))


def save_digit_struct(path: Path, folder: Path) -> None:
    """Read a digitStruct.mat in a child process and save each field into the folder, as .npy. Raises DataFault, even
    where a damaged file crashes the HDF5 library.
    """

    def parse() -> None:
        for field, array in read_digit_struct(path)._asdict().items():
            np.save(folder / f"{field}.npy", array, allow_pickle=False)

    try:
        in_child_process(parse, Limits.of(path.stat().st_size))
    except ChildCrashError as fault:
        raise _foreign(path, str(fault)) from None


Entry = tuple[str, list[list[float]]]
"""A file name, and for each digit (label, left, top, width, height)."""


def gathered(entries: Sequence[Entry]) -> Annotations:
    digits = np.array([digit for _, listed in entries for digit in listed], float).reshape(-1, 5)
    length = np.array([len(listed) for _, listed in entries], int)
    return Annotations(np.array([name for name, _ in entries]), length, digits[:, 0], digits[:, 1:])


def _opened(path: Path) -> h5py.File:
    if not path.is_file():
        raise DataFault(f"{path} is missing.")
    try:
        return h5py.File(path, "r")
    except OSError as fault:
        raise _foreign(path, f"it is no HDF5 file, or cut off ({fault})") from None


def _references(path: Path, file: h5py.File, member: str) -> NDArray[np.object_]:
    """The references of digitStruct/name or digitStruct/bbox."""
    try:
        listed = file["digitStruct"][member]
        if listed.dtype == h5py.ref_dtype:
            references: NDArray[np.object_] = listed[()].ravel()
            return references
    except (KeyError, OSError, RuntimeError, AttributeError, TypeError):
        pass
    raise _foreign(path, f"it has no list of references digitStruct/{member}")


def _entries(
    path: Path, file: h5py.File, names: Iterable[h5r.Reference], boxes: Iterable[h5r.Reference]
) -> Iterator[Entry]:
    """The entry of each image, through h5py's low-level interface: a file has half a million objects, and the
    high-level one takes three times as long.
    """
    for number, (name, box) in enumerate(zip(names, boxes, strict=True), 1):
        try:
            letters = _values(h5r.dereference(name, file.id), np.uint16)
            group = h5r.dereference(box, file.id)
            columns = [_column(file, h5d.open(group, field)) for field in FIELDS]
            yield "".join(map(chr, letters.tolist())), [list(digit) for digit in zip(*columns, strict=True)]
        except (KeyError, ValueError, OSError, RuntimeError, TypeError, AttributeError) as fault:
            raise _foreign(path, f"entry {number} cannot be read ({fault})") from None


def _column(file: h5py.File, member: h5d.DatasetID) -> list[float]:
    """The values of a member for each digit of an image."""
    if member.get_type().get_class() != h5t.REFERENCE:
        return _values(member, np.float64).tolist()
    return [_values(h5r.dereference(each, file.id), np.float64).item() for each in _values(member, h5py.ref_dtype)]


def _values(dataset: h5d.DatasetID, kind: Any) -> NDArray[Any]:
    """All values of a dataset, flattened."""
    values = np.empty(dataset.shape, kind)
    dataset.read(h5s.ALL, h5s.ALL, values)
    return values.ravel()


def again(folder: Path) -> str:
    """The remedy for a damaged part: delete its whole folder, since existing folders are not downloaded again."""
    return f"delete the folder {folder} and fetch it again (data.download=true, or attention-fetch svhn)."


def _foreign(path: Path, what: str) -> DataFault:
    return DataFault(
        f"{path} is no sound digitStruct.mat of SVHN's format 1: {what}.", f"Mend it, or {again(path.parent)}"
    )
