"""Choices of config groups on the command line: one, or a list for groups that hold any number of parts."""

from collections.abc import Sequence
from typing import Any

from benchmark.common.nearest import did_you_mean

NAMED_PARTS = ("callbacks", "logger")
"""Config groups that hold any number of named parts: callbacks=[a,b], +callbacks.c._target_=CLASS."""

NAMED = (*NAMED_PARTS, "metrics.extra")
"""All keys that hold named parts: +metrics.extra.kappa._target_=CLASS."""


def choice_faults(group: str, value: Any, known: Sequence[str], typed: str) -> list[str]:
    """Faults of the choices of a group. typed: the override as typed."""
    if isinstance(value, list) and group not in NAMED_PARTS:
        return [f"{typed}: one choice of {group} for a run; several make a sweep: -m {group}=a,b"]
    chosen = [str(each) for each in value] if isinstance(value, list) else [str(value)]
    return [
        f"{group}={each}: there is no {group} {each!r}{did_you_mean(each, known)} Choices: {', '.join(known)}"
        for each in chosen
        if each not in known
    ]


def as_typed(value: Any) -> str:
    """A choice, or a list of them, in command-line syntax."""
    return f"[{','.join(map(str, value))}]" if isinstance(value, list) else str(value)
