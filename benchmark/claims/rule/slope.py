"""A slope over arms that differ in one number, such as the side of the image."""

from collections.abc import Mapping
from typing import final

import numpy as np

from benchmark.claims.measure.base import ArmScores
from benchmark.claims.rule.base import (
    ClaimPart,
    ClaimRule,
    as_it_is,
    between,
    slope_weights,
    sum_of,
    sum_of_logarithms,
)


@final
class Slope(ClaimRule):
    """above < slope < below, by least squares over the arms' means. at: the place of each arm.

    power: whether both are taken as logarithms, so that the slope is the exponent k of y = c x^k.
    """

    def __init__(self, at: dict[str, float], power: bool, above: float | None, below: float | None):
        if power and min(at.values(), default=1.0) <= 0:
            raise ValueError("at: a place that is not above zero has no logarithm")
        self._at, self._power = at, power
        self._weights = slope_weights([float(np.log(x)) if power else x for x in at.values()])
        self._region = between(above, below)

    def arms(self) -> list[str]:
        return list(self._at)

    def parts(self, arms: Mapping[str, ArmScores]) -> list[ClaimPart]:
        weights = dict(zip(self._at, self._weights, strict=True))
        found = sum_of_logarithms(weights, arms) if self._power else sum_of(weights, arms)
        words = ("exponent over " if self._power else "slope over ") + ", ".join(self._at)
        return [ClaimPart(words, found, self._region, as_it_is, "pure" if self._power else "difference")]
