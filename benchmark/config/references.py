"""Finds the knob from which a value is interpolated."""

import re
from collections.abc import Mapping
from typing import Any

Config = Mapping[str, Any]

REFERENCE = re.compile(r"\$\{(?:oc\.select:)?([\w.\[\]]+)[^{}]*\}")
"""An interpolation ${knob} or ${oc.select:knob,default}."""

STEP = re.compile(r"[^.\[\]]+|\[\d+\]")


def set_at(knob: str, written: Config) -> str:
    """The knob that a user sets to change a value. written: the configuration before interpolation."""
    steps = STEP.findall(knob)
    node: Any = written
    for number in range(len(steps) + 1):
        reference = REFERENCE.fullmatch(node) if isinstance(node, str) else None
        if reference and exists(reference[1], written):
            return set_at(joined([*STEP.findall(reference[1]), *steps[number:]]), written)
        if number < len(steps):
            node = inside(node, steps[number])
    return knob


def inside(node: Any, step: str) -> Any:
    """The value at a key or [index]; None where there is none."""
    if step.startswith("["):
        number = int(step[1:-1])
        return node[number] if isinstance(node, list) and number < len(node) else None
    return node.get(step) if isinstance(node, Mapping) else None


def exists(knob: str, written: Config) -> bool:
    """Whether a knob exists in the configuration, or may exist in an interpolated node."""
    node: Any = written
    for step in STEP.findall(knob):
        if isinstance(node, str):
            return True
        node = inside(node, step)
    return node is not None


def joined(steps: list[str]) -> str:
    """Keys and indices as a dotted name."""
    return "".join(step if step.startswith("[") else f".{step}" for step in steps).removeprefix(".")
