"""The task's symbols in checkpoints, since a vocabulary is counted from caption files, which may change."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmark.common.errors import RunFault

KEY = "symbols"
"""The key of the symbols in a checkpoint."""


def refuse_others(checkpoint: Mapping[str, Any], symbols: Sequence[str]) -> None:
    """Raises RunFault where a run would resume from a checkpoint with other symbols."""
    if other := difference(checkpoint, symbols):
        raise RunFault(
            f"this run was begun with {other}: the captions have changed since, or the knobs that count their words. "
            "Put the files back as they were, or begin another run (study=NAME)."
        )


def difference(checkpoint: Mapping[str, Any], symbols: Sequence[str]) -> str:
    """How a checkpoint's symbols differ from these, for messages; "" where they are equal, or it has none."""
    there = checkpoint.get(KEY)
    if there is None or there == list(symbols):
        return ""
    lacking, more = [sorted({*one} - {*other}) for one, other in ((symbols, there), (there, symbols))]
    differences = [
        f"{what} {', '.join(map(repr, words[:3]))}{' ...' if len(words) > 3 else ''}"
        for what, words in (("without", lacking), ("with", more))
        if words
    ]
    return f"other symbols ({len(there)}, not {len(symbols)}; {' and '.join(differences) or 'in another order'})"
