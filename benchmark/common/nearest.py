"""Suggestions for misspelled names."""

import difflib
from collections.abc import Iterable


def did_you_mean(wrong: str, right: Iterable[str]) -> str:
    """The end of a message, "; did you mean ...?"; "" where no name is similar.

    Dotted names also match by last part.
    """
    known = list(right)
    found = difflib.get_close_matches(wrong, known, n=2, cutoff=0.6)
    if not found:
        tails = {name.rsplit(".", 1)[-1]: name for name in reversed(known)}
        found = [tails[tail] for tail in difflib.get_close_matches(wrong.rsplit(".", 1)[-1], tails, n=2, cutoff=0.7)]
    return f"; did you mean {' or '.join(map(repr, found))}?" if found else ""
