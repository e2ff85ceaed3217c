"""Writes digitStruct.mat in the structure of SVHN's official files (see digit_struct), for samples and tests."""

from pathlib import Path
from typing import final

import h5py
import numpy as np
from h5py import h5a, h5d, h5g, h5p, h5r, h5s, h5t

from datamodules.house_numbers.digit_struct import MEMBERS, Annotations

USERBLOCK = 512
HEADER = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Mon Jan  1 00:00:00 2024 HDF5 schema 1.00 ."
"""MATLAB's header before the HDF5 part, with a fixed date, so that equal annotations give equal files."""
COLUMN = {"left": 0, "top": 1, "width": 2, "height": 3}


def write_digit_struct(path: Path, annotations: Annotations) -> None:
    """Write the annotations of a folder of images, by h5py's low-level interface, which is several times faster."""
    with h5py.File(path, "w", userblock_size=USERBLOCK) as file:
        writer = _Writer(file)
        listed = [writer.entry(number, annotations) for number in range(len(annotations.name))]
        structure = file.create_group("digitStruct")
        for member, references in zip(("name", "bbox"), zip(*listed, strict=True) if listed else ((), ()), strict=True):
            column = np.array(references, dtype=h5py.ref_dtype).reshape(-1, 1)
            structure.create_dataset(member, data=column, dtype=h5py.ref_dtype, track_times=False)
    with path.open("r+b") as out:
        out.write(HEADER.ljust(116) + bytes(8) + b"\x00\x02IM")


@final
class _Writer:
    """Holds the HDF5 types and shapes that all objects share."""

    def __init__(self, file: h5py.File) -> None:
        self.refs = file.create_group("#refs#").id
        self.one = h5s.create_simple((1, 1))
        self.scalar = h5s.create(h5s.SCALAR)
        self.stored, self.held = h5t.py_create(h5py.ref_dtype, logical=True), h5t.py_create(h5py.ref_dtype)
        self.timeless = h5p.create(h5p.DATASET_CREATE)  # no creation times, which would make files differ
        self.timeless.set_obj_track_times(False)
        self.made = 0

    def entry(self, number: int, annotations: Annotations) -> tuple[h5r.Reference, h5r.Reference]:
        letters = np.array([[ord(letter)] for letter in str(annotations.name[number])], np.uint16)
        name = self.dataset(letters, b"char", self.refs, b"n%d" % number)
        group = h5g.create(self.refs, b"b%d" % number)
        self.classed(group, b"struct")
        own = annotations.digits(number)
        for member in MEMBERS:
            values = annotations.label[own] if member == "label" else annotations.box[own, COLUMN[member]]
            self.member(group, member.encode(), values.astype(float))
        return name, h5r.create(self.refs, b"b%d" % number, h5r.OBJECT)

    def member(self, group: h5g.GroupID, name: bytes, values: np.ndarray) -> None:
        if len(values) == 1:
            self.dataset(values.reshape(1, 1), b"double", group, name)
            return
        references = []
        for value in values:
            self.made += 1
            references.append(self.dataset(np.array([[value]]), b"double", self.refs, b"v%d" % self.made))
        space = h5s.create_simple((len(references), 1))
        made = h5d.create(group, name, self.stored, space, self.timeless)
        if references:
            made.write(h5s.ALL, h5s.ALL, np.array(references, dtype=h5py.ref_dtype).reshape(-1, 1), self.held)

    def dataset(self, values: np.ndarray, kind: bytes, where: h5g.GroupID, name: bytes) -> h5r.Reference:
        space = self.one if values.shape == (1, 1) else h5s.create_simple(values.shape)
        made = h5d.create(where, name, h5t.py_create(values.dtype), space, self.timeless)
        made.write(h5s.ALL, h5s.ALL, values)
        self.classed(made, kind)
        return h5r.create(where, name, h5r.OBJECT)

    def classed(self, made: h5g.GroupID | h5d.DatasetID, kind: bytes) -> None:
        text = np.array(kind, dtype=f"S{len(kind)}")
        attribute = h5a.create(made, b"MATLAB_class", h5t.py_create(text.dtype), self.scalar)
        attribute.write(text)
