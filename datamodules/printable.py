"""Text that may quote damaged files, made safe for a terminal. Imports nothing, so that any command can use it."""

import re

UNPRINTABLE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, which a terminal would interpret, and lone surrogates, which can't be encoded."""
LONGEST = 1000
"""Maximum characters of a line of a message."""


def printable(message: str) -> str:
    """A message that may quote damaged files, made safe for a terminal: control characters are escaped, and the middle
    of overlong lines is left out.
    """
    lines = UNPRINTABLE.sub(lambda found: ascii(found.group())[1:-1], message).split("\n")
    half = LONGEST // 2
    return "\n".join(line if len(line) <= LONGEST else f"{line[:half]} ... {line[-half:]}" for line in lines)
