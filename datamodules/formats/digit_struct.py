"""digitStruct.mat, the annotation of SVHN's format 1 (Netzer et al. 2011): which digits an image holds, and where.

A MATLAB 7.3 file, that is HDF5 with references: digitStruct/name and digitStruct/bbox hold one reference an image, to
its file name (16-bit characters) and to a group of five members, height, label, left, top and width. A member holds one
reference a digit, to a number; of a one-digit image it holds the number itself. Label 10 is the digit 0.
Pixels count from 0 and boxes are half open: the authors' viewer shows rows top + 1 .. top + height, counted from 1.

Axes: N images, D digits of all images one after another.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from datamodules.apart import ApartError, Limits, apart
from datamodules.contract import DataFault
from datamodules.formats.hdf5_bytes import Datasets, Objects, UnfamiliarError, demand, spread

MEMBERS = ("height", "label", "left", "top", "width")
FLOAT, REFERENCE = 1, 7
COMPARED = 16
"""Entries that are read both ways, to be sure that the quick way has understood this file."""


class Annotations(NamedTuple):
    """The content of one digitStruct.mat, as it stands there.

    name: (N,) str, file names. length: (N,) digits of each. label: (D,) 1..10. box: (D, 4) left, top, width, height.
    """

    name: NDArray[np.str_]
    length: NDArray[np.int64]
    label: NDArray[np.float64]
    box: NDArray[np.float64]

    @property
    def first(self) -> NDArray[np.int64]:
        """(N,) the place in `label` and `box` of each image's first digit."""
        return np.cumsum(self.length) - self.length

    def digits(self, image: int) -> slice:
        return slice(int(self.first[image]), int(self.first[image] + self.length[image]))


def read_digit_struct(path: Path) -> Annotations:
    """Read a digitStruct.mat. Raises DataFault: missing, cut off, no such structure; an entry is named by its number.

    Whether labels and boxes can be is not judged here.
    """
    with _opened(path) as file:
        name, bbox = _references(path, file, "name"), _references(path, file, "bbox")
        if len(name) != len(bbox) or not len(name):
            raise _foreign(path, f"it has {len(name)} names and {len(bbox)} entries of boxes")
        try:
            found = _quick(Objects(path, file.id.get_create_plist().get_userblock()), name, bbox)
            chosen = np.unique(np.linspace(0, len(name) - 1, COMPARED).astype(int)).tolist()
            demand([_entry(found, number) for number in chosen] == list(_plain(path, file, chosen)))
            return found
        except UnfamiliarError:
            return gathered(list(_plain(path, file, range(len(name)))))


def save_digit_struct(path: Path, folder: Path) -> None:
    """Read a digitStruct.mat and leave each field of it in the folder, as .npy. Raises DataFault, whatever a damaged
    file does to the HDF5 library.
    """

    def parse() -> None:
        for field, array in read_digit_struct(path)._asdict().items():
            np.save(folder / f"{field}.npy", array, allow_pickle=False)

    try:
        apart(parse, Limits.of(path.stat().st_size))
    except ApartError as fault:
        raise _foreign(path, str(fault)) from None


def read_plainly(path: Path) -> Annotations:
    """The same, object by object through the HDF5 library: minutes for the official files. Judges the quick way."""
    with _opened(path) as file:
        return gathered(list(_plain(path, file, range(len(_references(path, file, "name"))))))


Entry = tuple[str, list[list[float]]]
"""A file name, and for each digit label, left, top, width, height."""


def gathered(entries: Sequence[Entry]) -> Annotations:
    digits = np.array([digit for _, listed in entries for digit in listed], float).reshape(-1, 5)
    length = np.array([len(listed) for _, listed in entries], int)
    return Annotations(np.array([name for name, _ in entries]), length, digits[:, 0], digits[:, 1:])


def _entry(found: Annotations, number: int) -> Entry:
    own = found.digits(number)
    return str(found.name[number]), np.column_stack([found.label[own], found.box[own]]).tolist()


def _opened(path: Path) -> h5py.File:
    if not path.is_file():
        raise DataFault(f"{path} is missing.")
    try:
        return h5py.File(path, "r")
    except OSError as fault:
        raise _foreign(path, f"it is no HDF5 file, or cut off ({fault})") from None


def _references(path: Path, file: h5py.File, member: str) -> NDArray[np.int64]:
    """The addresses that digitStruct/name or digitStruct/bbox refers to."""
    try:
        listed = file["digitStruct"][member]
        demand(isinstance(listed, h5py.Dataset) and listed.dtype == h5py.ref_dtype)
        address = np.empty(listed.shape, np.int64)
        listed.id.read(h5py.h5s.ALL, h5py.h5s.ALL, address, h5py.h5t.STD_REF_OBJ)
    except (KeyError, OSError, RuntimeError, AttributeError, TypeError, UnfamiliarError):
        raise _foreign(path, f"it has no list of references digitStruct/{member}") from None
    return address.ravel()


def _quick(objects: Objects, name_N: NDArray[np.int64], bbox_N: NDArray[np.int64]) -> Annotations:
    names = objects.datasets(name_N)
    demand(bool((names.width == 2).all() and (names.kind == 0).all()))
    letters = np.zeros((len(name_N), int(names.length.max())), np.uint32)
    letters[np.arange(letters.shape[1]) < names.length[:, None]] = objects.integers(
        spread(names.start, names.length, 2), 2
    )
    text = letters.view(f"<U{letters.shape[1]}")[:, 0]
    member_NM = objects.members(bbox_N, MEMBERS)
    held = objects.datasets(member_NM.ravel())
    length_NM = held.length.reshape(member_NM.shape)
    demand(bool((length_NM == length_NM[:, :1]).all()))
    place = _numbers(objects, held)
    # One member's numbers follow the other's within an image: sort them by image, member and digit into columns.
    value = objects.floats(place)
    member = np.repeat(np.tile(np.arange(len(MEMBERS)), len(bbox_N)), held.length)
    height, label, left, top, width = (value[member == number] for number in range(len(MEMBERS)))
    return Annotations(text, length_NM[:, 0], label, np.column_stack([left, top, width, height]))


def _numbers(objects: Objects, held: Datasets) -> NDArray[np.int64]:
    """Where the numbers stand that members hold themselves or refer to."""
    demand(bool((held.width == 8).all() and np.isin(held.kind, (FLOAT, REFERENCE)).all()))
    place = spread(held.start, held.length, 8)
    refers = np.repeat(held.kind == REFERENCE, held.length)
    single = objects.datasets(objects.integers(place[refers], 8))
    demand(bool((single.kind == FLOAT).all() and (single.width == 8).all() and (single.length == 1).all()))
    place[refers] = single.start
    return place


def _plain(path: Path, file: h5py.File, chosen: Sequence[int]) -> Iterator[Entry]:
    names, boxes = (file["digitStruct"][member][()].ravel() for member in ("name", "bbox"))
    for number in chosen:
        try:
            name = "".join(map(chr, file[names[number]][()].ravel()))
            group = file[boxes[number]]
            columns = [_column(file, group[member]) for member in ("label", "left", "top", "width", "height")]
            yield name, [list(digit) for digit in zip(*columns, strict=True)]
        except (KeyError, ValueError, OSError, RuntimeError, TypeError, IndexError) as fault:
            raise _foreign(path, f"entry {number + 1} cannot be read ({fault})") from None


def _column(file: h5py.File, member: Any) -> list[float]:
    if member.dtype == h5py.ref_dtype:
        return [float(file[reference][0, 0]) for reference in member[()].flat]
    return [float(value) for value in member[()].flat]


def again(folder: Path) -> str:
    """How to have a part anew: what is there is never fetched, so all of it has to go."""
    return f"delete the folder {folder} and fetch it again (data.download=true, or attention-fetch svhn)."


def _foreign(path: Path, what: str) -> DataFault:
    return DataFault(
        f"{path} is no sound digitStruct.mat of SVHN's format 1: {what}.", f"Mend it, or {again(path.parent)}"
    )
