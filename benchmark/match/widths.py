"""The widths of a configuration: arguments of its parts that are annotated as `Width`, anywhere in a list."""

from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Any, Union, get_args, get_origin

from benchmark.config.check import find, parts
from benchmark.config.ranges import bare
from benchmark.config.signatures import signature
from datamodules.ranges import IS_WIDTH


def widths(values: Mapping[str, Any], written: Mapping[str, Any], fixed: Sequence[str]) -> dict[str, tuple[Any, Any]]:
    """By dotted knob, the value and annotation of each argument that is or holds a width.

    values: the resolved configuration. written: the configuration before interpolation; a part that is interpolated is
    found where it is written. fixed: knobs that are left out, with all below them.
    """
    found = {}
    for path, node in parts(written, ""):
        for key, hint in signature(find(node["_target_"])).knobs.items():
            knob = f"{path}.{key}"
            if key in node and holds_width(hint) and not any(f"{knob}.".startswith(f"{each}.") for each in fixed):
                found[knob] = (value_at(values, knob), hint)
    return found


def holds_width(hint: Any) -> bool:
    """Whether an annotation has a width in it."""
    return any(IS_WIDTH in bare(each)[1] for each in inside(hint))


def inside(hint: Any) -> Iterator[Any]:
    """An annotation and those of its items."""
    yield hint
    for each in get_args(bare(hint)[0]):
        yield from inside(each)


def scaled(value: Any, hint: Any, scale: float) -> Any:
    """A value with its widths multiplied, rounded, and at least 1; a width of 0 stays, since it means none."""
    kind, bounds = bare(hint)
    if IS_WIDTH in bounds and isinstance(value, int):
        return max(1, round(value * scale)) if value else value
    if get_origin(kind) in (Union, UnionType):
        return next((scaled(value, each, scale) for each in get_args(kind) if holds_width(each)), value)
    if not isinstance(value, list):
        return value
    items = get_args(kind)
    hints = items if get_origin(kind) is tuple and Ellipsis not in items else items[:1] * len(value)
    return [scaled(each, inner, scale) for each, inner in zip(value, hints, strict=False)]


def value_at(values: Any, knob: str) -> Any:
    """The value of a dotted knob."""
    for step in knob.replace("[", ".[").split("."):
        values = values[int(step[1:-1])] if step.startswith("[") else values[step]
    return values
