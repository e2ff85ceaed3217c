"""An order: the number rises from arm to arm."""

from collections.abc import Mapping
from itertools import pairwise
from typing import final

from benchmark.claims.measure.base import ArmScores
from benchmark.claims.rule.base import ClaimPart, ClaimRule, as_it_is, different, sum_of
from benchmark.report.analysis.inference import Region


@final
class RisingOrder(ClaimRule):
    """The number of each arm is less than that of the next one, by more than `by`. rising: two arms or more."""

    def __init__(self, rising: list[str], by: float):
        if len(rising) < 2:
            raise ValueError("an order needs two arms")
        self._rising, self._by = different(rising), by

    def arms(self) -> list[str]:
        return list(self._rising)

    def parts(self, arms: Mapping[str, ArmScores]) -> list[ClaimPart]:
        pairs = [(f"{high} − {low}", {high: 1.0, low: -1.0}) for low, high in pairwise(self._rising)]
        above = Region(low=self._by)
        return [ClaimPart(words, sum_of(weights, arms), above, as_it_is, "difference") for words, weights in pairs]
