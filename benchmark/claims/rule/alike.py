"""An equivalence: two arms differ by less than a margin."""

from collections.abc import Mapping
from typing import final

from benchmark.claims.measure.base import ArmScores
from benchmark.claims.rule.base import ClaimPart, ClaimRule, as_it_is, different, sum_of
from benchmark.report.analysis.inference import Region
from datamodules.ranges import Positive


@final
class Alike(ClaimRule):
    """|first - second| < within, in the measure's own unit (an error of 2 points is 0.02): two one-sided tests."""

    def __init__(self, first: str, second: str, within: Positive):
        self._first, self._second = different([first, second])
        self._within = within

    def arms(self) -> list[str]:
        return [self._first, self._second]

    def parts(self, arms: Mapping[str, ArmScores]) -> list[ClaimPart]:
        found = sum_of({self._first: 1.0, self._second: -1.0}, arms)
        region = Region(-self._within, self._within)
        return [ClaimPart(f"{self._first} − {self._second}", found, region, as_it_is, "difference")]
