"""Annotated types for constructor arguments that a yaml sets: they state an argument's range in the signature.

They are checked before a run starts, for parts of any author; any constraint of `annotated_types` works.
"""

from collections.abc import Callable
from math import inf
from typing import Annotated, Any, NamedTuple

from annotated_types import Ge, Gt, Interval, Len

Count = Annotated[int, Ge(1)]
Several = Annotated[int, Ge(2)]
Natural = Annotated[int, Ge(0)]
IS_WIDTH = "width"
"""Marks an annotation: a number of units or channels, which match= scales to an equal budget."""
Width = Annotated[int, Ge(1), IS_WIDTH]
OptionalWidth = Annotated[int, Ge(0), IS_WIDTH]
"""A width, or 0 for none."""
Finite = Annotated[float, Interval(gt=-inf, lt=inf)]
Positive = Annotated[float, Interval(gt=0, lt=inf)]
NonNegative = Annotated[float, Interval(ge=0, lt=inf)]
Share = Annotated[float, Interval(ge=0, le=1)]
SomeShare = Annotated[float, Interval(gt=0, le=1)]
Inner = Annotated[float, Interval(gt=0, lt=1)]
"""A share that is neither none nor all."""
NotAll = Annotated[float, Interval(ge=0, lt=1)]
"""A share below 1: of units dropped, of training during which a policy waits."""
Limit = Annotated[float, Gt(0)]
"""An upper bound; infinity means none."""
Colours = Annotated[list[Finite], Len(3, 3)]
"""A value for each of the red, green and blue channels."""
Deviations = Annotated[list[Positive], Len(3, 3)]


class ArgumentsOf(NamedTuple):
    """Annotates `**kwargs` or a mapping: its keys are arguments of the target, in the ranges annotated there."""

    target: Callable[..., Any]
