"""Paths as typed on a command line: with ~ for the home folder, and with commas inside."""

import os
from collections.abc import Sequence
from pathlib import Path

PAIRS = {"(": ")", "[": "]", "{": "}"}


def at_home(path: str) -> str:
    """The path with a leading ~ expanded."""
    return os.path.expanduser(path)  # noqa: PTH111 - a Path would drop what is odd in it


def exists(path: str) -> bool:
    """Whether a file or folder of this path exists."""
    try:
        return bool(path) and Path(at_home(path)).exists()
    except (OSError, ValueError):
        return False


def parted(text: str) -> list[str]:
    """A text split at its commas, except those inside closed quotes and brackets."""
    pieces, begin, within = [], 0, ""
    for place, sign in enumerate(text):
        if within and sign == within[-1]:
            within = within[:-1]
        elif not within.endswith(("'", '"')):
            closing = PAIRS.get(sign, sign if sign in "'\"" else "")
            if closing and closing in text[place + 1 :]:
                within += closing
            elif sign == "," and not within:
                pieces.append(text[begin:place].strip())
                begin = place + 1
    return [*pieces, text[begin:].strip()]


def rejoined(pieces: Sequence[str]) -> list[str]:
    """Successive pieces joined with commas wherever that is an existing path, the longest first."""
    found, begin = [], 0
    while begin < len(pieces):
        ends = [end for end in range(len(pieces), begin, -1) if exists(",".join(pieces[begin:end]))]
        end = ends[0] if ends else begin + 1
        found.append(",".join(pieces[begin:end]))
        begin = end
    return found
