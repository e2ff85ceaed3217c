"""Ranges of knobs, as types: what an argument may be is written where the argument is named.

Checked before anything begins, whoever wrote the part; any constraint of `annotated_types` will do. What a yaml's
number may be thus stands beside the name of the knob, and in no list.
"""

from collections.abc import Callable
from math import inf
from typing import Annotated, Any, NamedTuple

from annotated_types import Ge, Gt, Interval, Len

Count = Annotated[int, Ge(1)]
Natural = Annotated[int, Ge(0)]
Finite = Annotated[float, Interval(gt=-inf, lt=inf)]
Positive = Annotated[float, Interval(gt=0, lt=inf)]
NonNegative = Annotated[float, Interval(ge=0, lt=inf)]
Share = Annotated[float, Interval(ge=0, le=1)]
SomeShare = Annotated[float, Interval(gt=0, le=1)]
NotAll = Annotated[float, Interval(ge=0, lt=1)]
"""A share that leaves something: of units that are dropped, of training that is waited for."""
Limit = Annotated[float, Gt(0)]
"""An upper bound; infinity is none."""
Colours = Annotated[list[Finite], Len(3, 3)]
"""A value for each of red, green and blue."""
Deviations = Annotated[list[Positive], Len(3, 3)]


class ArgumentsOf(NamedTuple):
    """Beside `**kwargs`, or a mapping: its keys are arguments of that function or class, within their ranges."""

    target: Callable[..., Any]
