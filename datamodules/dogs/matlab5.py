"""Reads MATLAB 5 files: arrays of numbers, of characters, and of cells with either. Other classes are refused.

SciPy reads them too, but on a damaged length its compiled reader reads out of bounds and ends the process. Here every
length is checked against the file, and whatever does not fit raises MatlabError.
Source: The MathWorks, "MAT-File Format", version 5. A header of 128 bytes, then elements: type and length, 4 bytes
each (2 and 2 where the content has up to 4 bytes), then the content, padded to a multiple of 8 bytes.
"""

import math
import struct
import zlib
from collections.abc import Collection, Iterator
from itertools import islice
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

HEADER = 128
NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
"""NumPy's type for each type of element with numbers."""
LETTERS = {1: "latin-1", 2: "latin-1", 3: "utf-16", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
"""The encoding for each type of element with characters."""
WIDE = ("utf-16", "utf-32")
MATRIX, PACKED = 14, 15
CELL, CHAR, FIRST_NUMERIC, LAST_NUMERIC = 1, 4, 6, 15
"""Classes of arrays."""
MOST_BYTES = 1 << 26
"""Limit of an element after decompression; the largest official list has 3 MB."""
MOST_DEEP = 4
"""Limit of cells nested in cells."""

Value = NDArray | str | list


class MatlabError(Exception):
    """Says why the bytes cannot be read as a MATLAB 5 file."""


class Element(NamedTuple):
    """kind: the type, a number of the format. content: its bytes, without padding."""

    kind: int
    content: bytes


def read_matlab5(content: bytes, wanted: Collection[str]) -> dict[str, Value]:
    """The wanted arrays by name: numbers as a flat array, characters as a str, cells as a list, in MATLAB's order (by
    columns). content: of the file. Raises MatlabError, also where an array is missing.
    """
    if len(content) < HEADER or content[126:128] not in (b"IM", b"MI"):
        raise MatlabError("it does not begin as a MATLAB 5 file")
    form = _Form("<" if content[126:128] == b"IM" else ">")
    found: dict[str, Value] = {}
    for element in form.elements(content[HEADER:]):
        whole = form.unpacked(element) if element.kind == PACKED else element
        name = form.name(whole)
        if name in wanted:
            found[name] = form.array(whole, 0)
    lacking = [name for name in wanted if name not in found]
    if lacking:
        raise MatlabError(f"it has no {' and no '.join(lacking)}")
    return found


@final
class _Form:
    """Reads elements. order: byte order, "<" or ">"."""

    def __init__(self, order: str) -> None:
        self._order = order

    def elements(self, content: bytes) -> Iterator[Element]:
        place = 0
        while place < len(content):
            if len(content) - place < 8:
                raise MatlabError("it is cut off")
            kind, size = struct.unpack_from(f"{self._order}II", content, place)
            start = place + 8
            if kind >> 16:  # a small element: its length stands in the upper half of its type
                kind, size, start = kind & 0xFFFF, kind >> 16, place + 4
                if size > 4:
                    raise MatlabError(f"a small element has {size} bytes")
            if size > len(content) - start:
                raise MatlabError(f"an element of {size:,} bytes is cut off")
            yield Element(kind, content[start : start + size])
            # A compressed element is not padded; every other is padded with zeros to a multiple of 8.
            place = start + size if kind == PACKED else place + 8 * -(-(start - place + size) // 8)

    def unpacked(self, element: Element) -> Element:
        unpacker = zlib.decompressobj()
        try:
            content = unpacker.decompress(element.content, MOST_BYTES)
        except zlib.error as fault:
            raise MatlabError(f"a packed element is damaged ({fault})") from None
        if not unpacker.eof:
            raise MatlabError(f"a packed element is cut off, or unpacks to more than {MOST_BYTES:,} bytes")
        return next(self.elements(content), Element(0, b""))

    def name(self, element: Element) -> str:
        """The name of an array; "" for any other element."""
        parts = list(islice(self.elements(element.content), 3)) if element.kind == MATRIX else []
        return parts[2].content.decode("latin-1") if len(parts) == 3 else ""

    def array(self, element: Element, deep: int) -> Value:
        if element.kind != MATRIX or deep > MOST_DEEP:
            raise MatlabError(f"an element of the type {element.kind} stands where an array should")
        parts = list(self.elements(element.content))
        if len(parts) < 3:
            raise MatlabError("an array has no class, size and name")
        flags, sides, _, *held = parts
        if len(flags.content) != 8 or sides.kind != 5 or not sides.content or len(sides.content) % 4:
            raise MatlabError("an array has no class or no size")
        sort = struct.unpack(f"{self._order}I", flags.content[:4])[0] & 0xFF
        shape = struct.unpack(f"{self._order}{len(sides.content) // 4}i", sides.content)
        count = math.prod(shape)
        value: Value
        if sort == CELL:
            value = [self.array(one, deep + 1) for one in held]
        elif sort == CHAR and len(held) == 1 and shape[0] <= 1:  # several rows would be several strings
            value = self._letters(held[0])
        elif FIRST_NUMERIC <= sort <= LAST_NUMERIC and len(held) == 1:
            value = self._numbers(held[0])
        else:
            raise MatlabError(f"an array is of the class {sort}, which is not numbers, a text or cells")
        if min(shape) < 0 or len(value) != count:
            raise MatlabError(f"an array of the size {shape} has {len(value)} values")
        return value

    def _numbers(self, element: Element) -> NDArray:
        kind = NUMBERS.get(element.kind, "")
        if not kind or len(element.content) % int(kind[1:]):
            raise MatlabError(f"an element of the type {element.kind} stands where numbers should")
        return np.frombuffer(element.content, f"{self._order}{kind}")

    def _letters(self, element: Element) -> str:
        way = LETTERS.get(element.kind, "")
        wide = ("-le" if self._order == "<" else "-be") if way in WIDE else ""
        try:
            return element.content.decode(way + wide)
        except (UnicodeDecodeError, LookupError):
            raise MatlabError("letters of a text are damaged") from None
