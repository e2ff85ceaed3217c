"""A difference of two slopes: what one mechanism loses faster than another."""

from collections.abc import Mapping
from typing import final

from benchmark.claims.measure.base import ArmScores
from benchmark.claims.rule.base import ClaimPart, ClaimRule, as_it_is, different, slope_weights, sum_of
from benchmark.report.analysis.inference import Region


@final
class Steeper(ClaimRule):
    """The number of `steep` rises faster than that of `flat`, by more than `by` for each unit of the place.

    steep, flat: the place of each arm, such as its pieces of clutter.
    """

    def __init__(self, steep: dict[str, float], flat: dict[str, float], by: float):
        different([*steep, *flat])
        self._weights = {
            **dict(zip(steep, slope_weights(list(steep.values())), strict=True)),
            **{name: -weight for name, weight in zip(flat, slope_weights(list(flat.values())), strict=True)},
        }
        self._words = f"slope over {', '.join(steep)} − slope over {', '.join(flat)}"
        self._by = by

    def arms(self) -> list[str]:
        return list(self._weights)

    def parts(self, arms: Mapping[str, ArmScores]) -> list[ClaimPart]:
        return [ClaimPart(self._words, sum_of(self._weights, arms), Region(low=self._by), as_it_is, "difference")]
