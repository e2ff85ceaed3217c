"""A ratio of two arms."""

from collections.abc import Mapping
from typing import final

import numpy as np

from benchmark.claims.measure.base import ArmScores
from benchmark.claims.rule.base import ClaimPart, ClaimRule, between, different, sum_of_logarithms
from datamodules.ranges import NonNegative, Positive


@final
class Ratio(ClaimRule):
    """above < of / to < below, tested as the logarithm. above: 0 for no lower bound. below: null for no upper one."""

    def __init__(self, of: str, to: str, above: NonNegative, below: Positive | None):
        self._of, self._to = different([of, to])
        self._region = between(above or None, below, lambda bound: float(np.log(bound)))

    def arms(self) -> list[str]:
        return [self._of, self._to]

    def parts(self, arms: Mapping[str, ArmScores]) -> list[ClaimPart]:
        found = sum_of_logarithms({self._of: 1.0, self._to: -1.0}, arms)
        return [ClaimPart(f"{self._of} / {self._to}", found, self._region, lambda value: float(np.exp(value)), "pure")]
