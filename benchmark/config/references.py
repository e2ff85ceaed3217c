"""Where a knob's value is set, when references brought it where it is used."""

import re
from collections.abc import Mapping
from typing import Any

Config = Mapping[str, Any]

REFERENCE = re.compile(r"\$\{(?:oc\.select:)?([\w.\[\]]+)[^{}]*\}")
"""A value that stands elsewhere, with or without what holds where it is absent."""

STEP = re.compile(r"[^.\[\]]+|\[\d+\]")


def set_at(knob: str, written: Config) -> str:
    """The name under which a user sets a knob. written: the configuration, its references not resolved."""
    steps = STEP.findall(knob)
    node: Any = written
    for number in range(len(steps) + 1):
        told = REFERENCE.fullmatch(node) if isinstance(node, str) else None
        if told and stands(told[1], written):
            return set_at(joined([*STEP.findall(told[1]), *steps[number:]]), written)
        if number < len(steps):
            node = inside(node, steps[number])
    return knob


def inside(node: Any, step: str) -> Any:
    """What a key or an [index] leads to, None where there is nothing."""
    if step.startswith("["):
        number = int(step[1:-1])
        return node[number] if isinstance(node, list) and number < len(node) else None
    return node.get(step) if isinstance(node, Mapping) else None


def stands(knob: str, written: Config) -> bool:
    """Whether a knob is in the configuration, if only in what a reference brings."""
    node: Any = written
    for step in STEP.findall(knob):
        if isinstance(node, str):
            return True
        node = inside(node, step)
    return node is not None


def joined(steps: list[str]) -> str:
    """A dotted name."""
    return "".join(step if step.startswith("[") else f".{step}" for step in steps).removeprefix(".")
