"""Choices of a group as a command line names them: one, or several where a group holds any number of parts."""

from collections.abc import Sequence
from typing import Any

from benchmark.common.nearest import did_you_mean

NAMED_PARTS = ("callbacks", "logger")
"""Groups that hold any number of parts, each under a name of its own: callbacks=[a,b], +callbacks.c._target_=CLASS."""

NAMED = (*NAMED_PARTS, "metrics.extra")
"""Wherever parts stand under names of their own, whole groups or not: +metrics.extra.kappa._target_=CLASS."""


def choice_faults(group: str, value: Any, known: Sequence[str], typed: str) -> list[str]:
    """What is wrong with what was chosen of a group. typed: how it stands on the command line."""
    if isinstance(value, list) and group not in NAMED_PARTS:
        return [f"{typed}: one choice of {group} for a run; several make a sweep: -m {group}=a,b"]
    chosen = [str(each) for each in value] if isinstance(value, list) else [str(value)]
    return [
        f"{group}={each}: there is no {group} {each!r}{did_you_mean(each, known)} Choices: {', '.join(known)}"
        for each in chosen
        if each not in known
    ]


def as_typed(value: Any) -> str:
    """A choice, or several, as a command line has it."""
    return f"[{','.join(map(str, value))}]" if isinstance(value, list) else str(value)
