"""Checks values against an argument's annotation: its type, and its range (annotated_types) if declared."""

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from numbers import Real
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

import annotated_types as limits

Limits = tuple[Any, ...]


class Wrong(NamedTuple):
    """An invalid value. place: position inside the argument, such as [2] or .mirror; fault: what is wrong."""

    place: str
    fault: str


def wrong(value: Any, hint: Any) -> Iterator[Wrong]:
    """The parts of a value that violate its annotation. Annotations that no yaml value can have accept anything."""
    kind, bounds = bare(hint)
    if get_origin(kind) in (Union, UnionType):
        if all(any(True for _ in wrong(value, one)) for one in get_args(kind)):
            yield refused(value, hint)
    elif get_origin(kind) is Literal:
        if not any(value == one and type(value) is type(one) for one in get_args(kind)):
            yield refused(value, hint)
    elif not of_kind(value, kind) or not all(within(value, bound) for bound in bounds):
        yield refused(value, hint)
    else:
        for key, item, inner in parts(value, kind):
            yield from (Wrong(f"{key}{place}", fault) for place, fault in wrong(item, inner))


def refused(value: Any, hint: Any) -> Wrong:
    """The fault of a value as a whole."""
    return Wrong("", f"has to be {words(hint)}, and not {shown(value)}")


def bare(hint: Any) -> tuple[Any, Limits]:
    """An annotation's type and its constraints."""
    if get_origin(hint) is not Annotated:
        return hint, ()
    kind, *metadata = get_args(hint)
    inner, bounds = bare(kind)
    found: list[Any] = list(bounds)
    for one in metadata:
        found += one if isinstance(one, limits.GroupedMetadata) else [one]
    return inner, tuple(found)


def of_kind(value: Any, kind: Any) -> bool:
    """Whether a yaml value has a type: a bool is no number, an int is a float, a list is a tuple."""
    kind = get_origin(kind) or kind
    if kind in (None, NoneType):
        return value is None
    if kind in (bool, str):
        return isinstance(value, kind)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(kind, type) and issubclass(kind, list | tuple | Sequence) and not hasattr(kind, "_fields"):
        return isinstance(value, list)
    if isinstance(kind, type) and issubclass(kind, Mapping):
        return isinstance(value, Mapping)
    return True


def parts(value: Any, kind: Any) -> Iterator[tuple[str, Any, Any]]:
    """(place, item, annotation) of each item of a list or mapping."""
    inner, origin = get_args(kind), get_origin(kind)
    if not inner or not isinstance(origin, type):
        return
    if isinstance(value, Mapping) and issubclass(origin, Mapping):
        yield from ((f".{key}", item, inner[1]) for key, item in value.items())
    elif isinstance(value, list) and issubclass(origin, tuple) and inner[-1] is not Ellipsis:
        if len(value) != len(inner):
            yield "", value, Annotated[list, limits.Len(len(inner), len(inner))]
        yield from ((f"[{number}]", item, one) for number, (item, one) in enumerate(zip(value, inner, strict=False)))
    elif isinstance(value, list) and issubclass(origin, list | tuple | Sequence):
        yield from ((f"[{number}]", item, inner[0]) for number, item in enumerate(value))


def within(value: Any, bound: Any) -> bool:
    """Whether a value satisfies a constraint of annotated_types; others are ignored. NaN satisfies none."""
    match bound:
        case limits.Ge(ge=least):
            return bool(value >= least)
        case limits.Gt(gt=least):
            return bool(value > least)
        case limits.Le(le=most):
            return bool(value <= most)
        case limits.Lt(lt=most):
            return bool(value < most)
        case limits.MinLen(min_length=least):
            return len(value) >= least
        case limits.MaxLen(max_length=most):
            return len(value) <= most
        case limits.MultipleOf(multiple_of=step):
            return bool(value % step == 0)
    return True


def words(hint: Any) -> str:
    """An annotation in words: a whole number of at least 1, true or false, 'online' or null."""
    kind, bounds = bare(hint)
    if get_origin(kind) in (Union, UnionType):
        return " or ".join(dict.fromkeys(words(one) for one in get_args(kind)))
    if get_origin(kind) is Literal:
        return " or ".join(shown(one) for one in get_args(kind))
    names = {None: "null", NoneType: "null", bool: "true or false", int: "a whole number", float: "a number",
             str: "a word"}  # fmt: skip
    kind = get_origin(kind) or kind
    listed = isinstance(kind, type) and issubclass(kind, list | tuple | Sequence) and kind is not str
    name = names.get(kind, "a list" if listed else "a group of values" if kind is Mapping else "an object")
    return " ".join([name, *bounded(bounds)])


def bounded(bounds: Limits) -> list[str]:
    """The constraints of an annotation, in words."""
    least, above = [one.ge for one in bounds if isinstance(one, limits.Ge)], [
        one.gt for one in bounds if isinstance(one, limits.Gt) and one.gt != -inf]  # fmt: skip
    most, below = [one.le for one in bounds if isinstance(one, limits.Le)], [
        one.lt for one in bounds if isinstance(one, limits.Lt)]  # fmt: skip
    if least and most:
        spans = [f"from {least[0]:g} to {most[0]:g}"]
    else:
        low = [f"of at least {one:g}" for one in least] + [f"above {one:g}" for one in above]
        high = [f"of at most {one:g}" for one in most] + [
            "finite" if one == inf else f"below {one:g}" for one in below]  # fmt: skip
        spans = [" and ".join([*low, *high]).replace("finite", "finite" if low else "that is finite")]
    few = [one.min_length for one in bounds if isinstance(one, limits.MinLen)]
    many = [one.max_length for one in bounds if isinstance(one, limits.MaxLen)]
    length = [f"of {few[0]}"] if few and few == many else [f"of at least {one}" for one in few]
    steps = [f"in steps of {one.multiple_of}" for one in bounds if isinstance(one, limits.MultipleOf)]
    return [text for text in (*spans, *length, *steps) if text]


def shown(value: Any) -> str:
    """A value in yaml syntax."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return repr(float(value)) if isinstance(value, Real) and not isinstance(value, int) else repr(value)
