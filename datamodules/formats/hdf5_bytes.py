"""Many small HDF5 objects at once, read straight from the bytes of a file.

The HDF5 library takes some 30 microseconds for each object it opens, and a file of annotations holds a million. MATLAB
writes them in the oldest form of the format: an object is a header of version 1, a list of messages; a group keeps its
members in one table of symbols. This reads that form, for all objects of a kind together, and nothing else: whatever
looks different raises UnfamiliarError, and the library has to be asked.
Source: The HDF Group, "HDF5 File Format Specification Version 2.0", III.C (groups), IV.A (object headers).

Axes: N objects, M members, V values.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

DATATYPE, LAYOUT, CONTINUATION, SYMBOL_TABLE = 0x03, 0x08, 0x10, 0x11
"""The messages that are looked for."""
PREFIX = 16
"""Bytes of an object header before its first message."""
MESSAGE = 8
"""Bytes of a message before its content."""
SYMBOL = 40
"""Bytes of an entry of a symbol table."""
MOST_MESSAGES = 64
COMPACT, CONTIGUOUS = 0, 1


class UnfamiliarError(Exception):
    """The bytes are not of the one form that is read here."""


def demand(condition: bool | np.bool_) -> None:
    if not condition:
        raise UnfamiliarError


class Datasets(NamedTuple):
    """Where the values of N datasets stand. kind: class of their type, 0 integer, 1 float, 7 reference.

    width: bytes of a value. start: of the first value, in the file. length: of values.
    """

    kind: Ints
    width: Ints
    start: Ints
    length: Ints


@final
class Objects:
    """The objects of one file, by their addresses as references hold them. base: bytes before the HDF5 part."""

    def __init__(self, path: Path, base: int) -> None:
        self._bytes = np.zeros(path.stat().st_size + 8, np.uint8)  # a number may be looked for at the last byte
        with path.open("rb") as file:
            file.readinto(self._bytes.data)
        self._base = base

    def integers(self, place: Ints, width: int) -> Ints:
        """Unsigned numbers of `width` bytes anywhere in the file, as int64. Raises UnfamiliarError outside the file."""
        return self._look(place, f"<u{width}").astype(np.int64)

    def floats(self, place: Ints) -> NDArray[np.float64]:
        return self._look(place, "<f8")

    def _look(self, place: Ints, kind: str) -> NDArray:
        every = len(self._bytes) - 8
        demand(not place.size or (place.min() >= 0 and place.max() + np.dtype(kind).itemsize <= every))
        # A view of the number that begins at each byte: overlapping, and never copied as a whole.
        return np.ndarray((every,), kind, self._bytes.data, strides=(1,))[place]

    def messages(self, address_N: Ints, wanted: Sequence[int]) -> dict[int, Ints]:
        """Where in the file the content of each wanted message of N headers stands; -1 where there is none."""
        place = address_N + self._base
        demand(bool((self.integers(place, 1) == 1).all()))
        found = {kind: np.full(len(place), -1) for kind in wanted}
        end = place + PREFIX + self.integers(place + 8, 4)
        here, follow = place + PREFIX, np.full((len(place), 2), -1)
        alive = np.arange(len(place))
        for _ in range(MOST_MESSAGES):
            done = here[alive] + MESSAGE > end[alive]
            jump = alive[done & (follow[alive, 0] >= 0)]
            here[jump], end[jump], follow[jump] = follow[jump, 0], follow[jump].sum(1), -1
            alive = alive[here[alive] + MESSAGE <= end[alive]]
            if not len(alive):
                return found
            kind, content = self.integers(here[alive], 2), here[alive] + MESSAGE
            for each in wanted:
                found[each][alive[kind == each]] = content[kind == each]
            more = kind == CONTINUATION
            follow[alive[more], 0] = self.integers(content[more], 8) + self._base
            follow[alive[more], 1] = self.integers(content[more] + 8, 8)
            here[alive] = content + self.integers(here[alive] + 2, 2)
        raise UnfamiliarError

    def datasets(self, address_N: Ints) -> Datasets:
        """Datasets whose values stand in one piece. Raises UnfamiliarError, chunks included."""
        found = self.messages(address_N, (DATATYPE, LAYOUT))
        kind, layout = found[DATATYPE], found[LAYOUT]
        demand(bool((kind >= 0).all() and (layout >= 0).all() and (self.integers(layout, 1) == 3).all()))
        way, width = self.integers(layout + 1, 1), self.integers(kind + 4, 4)
        demand(bool(np.isin(way, (COMPACT, CONTIGUOUS)).all() and (width > 0).all()))
        compact, room = way == COMPACT, len(self._bytes) - 8
        start = np.where(compact, layout + 4, self.integers(np.minimum(layout + 2, room - 8), 8) + self._base)
        size = np.where(compact, self.integers(layout + 2, 2), self.integers(np.minimum(layout + 10, room - 8), 8))
        demand(bool((size % width == 0).all() and (start + size <= room).all()))
        return Datasets(self.integers(kind, 1) & 15, width, start, size // width)

    def members(self, address_N: Ints, names: Sequence[str]) -> Ints:
        """The addresses (N, M) of the members of N groups that have exactly these, in alphabetical order."""
        table = self.messages(address_N, (SYMBOL_TABLE,))[SYMBOL_TABLE]
        demand(bool((table >= 0).all()))
        tree, heap = (self.integers(table + at, 8) + self._base for at in (0, 8))
        self._signed(tree, b"TREE")
        self._signed(heap, b"HEAP")
        # A leaf (level 0) with one child: five members fit into one table.
        demand(bool((self.integers(tree + 5, 1) == 0).all() and (self.integers(tree + 6, 2) == 1).all()))
        node = self.integers(tree + 32, 8) + self._base
        self._signed(node, b"SNOD")
        demand(bool((self.integers(node + 6, 2) == len(names)).all()))
        text, found = self.integers(heap + 24, 8) + self._base, []
        for number, name in enumerate(sorted(names)):
            entry = node + 8 + number * SYMBOL
            self._signed(text + self.integers(entry, 8), name.encode() + b"\0")
            found.append(self.integers(entry + 8, 8))
        return np.stack(found, 1)

    def _signed(self, place: Ints, said: bytes) -> None:
        for at, byte in enumerate(said):
            demand(bool((self.integers(place + at, 1) == byte).all()))


def spread(start: Ints, length: Ints, width: int) -> Ints:
    """Where every single value of many datasets stands, (V,), one dataset after another."""
    first = np.repeat(np.cumsum(length) - length, length)
    return np.repeat(start, length) + (np.arange(length.sum()) - first) * width
