"""Damages files, a little at a time and repeatably: what a bad disk, a broken download and a stranger may do to them.

A mutation is a function of a generator and the content. Half of them know nothing of a format; the others take the
content apart (see damage_structures) and change a part so that it still looks whole: right sums, right lengths.
"""

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from damage_structures import STRUCTURES, Change

PLACES = 3
"""Most places that one mutation changes."""
ODD_NUMBERS = [number.to_bytes(width, order) for width in (2, 4, 8) for order in ("little", "big")
               for number in (0, 1, 2 ** (8 * width - 1) - 1, 2 ** (8 * width - 1), 2 ** (8 * width) - 1)]  # fmt: skip


class FormatReader(NamedTuple):
    """How a format is tried. make: writes a sound, tiny file or folder into the folder given, and gives the file that
    is to be damaged. read: reads it by that path as the harness does, and gives a value that can be compared.
    """

    make: Callable[[Path], Path]
    read: Callable[[Path], object]


def damaged(content: bytes, chance: random.Random) -> tuple[bytes, str]:
    """The content after one mutation, and what that was. Two in three are of the content's own structure, if known."""
    structure = next((change for knows, change in STRUCTURES if knows(content)), None)
    if structure and chance.random() < 2 / 3:
        return structure(content, chance, lambda part, own: damaged(part, own)[0])
    name = chance.choice(list(PLAIN))
    return PLAIN[name](content, chance), name


def _spans(content: bytes, chance: random.Random, most: int) -> tuple[int, int]:
    start = chance.randrange(len(content) + 1)
    return start, min(len(content), start + chance.randint(1, max(1, most)))


def flipped(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.randint(1, PLACES) if content else 0):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def noisy(content: bytes, chance: random.Random) -> bytes:
    start, end = _spans(content, chance, 16)
    return content[:start] + chance.randbytes(end - start) + content[end:]


def cut_off(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.choice([0, 1, chance.randrange(len(content) + 1), max(0, len(content) - 1)])]


def longer(content: bytes, chance: random.Random) -> bytes:
    return content + chance.choice([bytes(chance.randint(1, 5000)), chance.randbytes(chance.randint(1, 64)), content])


def deleted(content: bytes, chance: random.Random) -> bytes:
    start, end = _spans(content, chance, max(1, len(content) // 4))
    return content[:start] + content[end:]


def doubled(content: bytes, chance: random.Random) -> bytes:
    start, end = _spans(content, chance, max(1, len(content) // 4))
    return content[:end] + content[start:]


def moved(content: bytes, chance: random.Random) -> bytes:
    start, end = _spans(content, chance, 512)
    rest = content[:start] + content[end:]
    place = chance.randrange(len(rest) + 1)
    return rest[:place] + content[start:end] + rest[place:]


def blanked(content: bytes, chance: random.Random) -> bytes:
    """As sectors that could not be read."""
    start, end = _spans(content, chance, 4096)
    return content[:start] + chance.choice([b"\0", b"\xff"]) * (end - start) + content[end:]


def misnumbered(content: bytes, chance: random.Random) -> bytes:
    number = chance.choice(ODD_NUMBERS)
    start = chance.randrange(max(1, len(content) - len(number) + 1))
    return content[:start] + number + content[start + len(number) :]


def retyped(content: bytes, chance: random.Random) -> bytes:
    """As an editor or a transfer in text mode does."""
    ends = [(b"\n", b"\r\n"), (b"\r\n", b"\n"), (b"", b"\xef\xbb\xbf")]
    old, new = chance.choice(ends)
    return content.replace(old, new) if old else new + content


PLAIN: Mapping[str, Callable[[bytes, random.Random], bytes]] = {
    "bits flipped": flipped, "noise": noisy, "cut off": cut_off, "longer": longer, "block deleted": deleted,
    "block doubled": doubled, "block moved": moved, "block blanked": blanked, "odd number": misnumbered,
    "retyped": retyped,
}  # fmt: skip

__all__ = ["Change", "FormatReader", "damaged"]
