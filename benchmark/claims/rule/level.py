"""A number of one arm, by itself."""

from collections.abc import Mapping
from typing import final

from benchmark.claims.measure.base import ArmScores
from benchmark.claims.rule.base import ClaimPart, ClaimRule, as_it_is, between, sum_of


@final
class Level(ClaimRule):
    """above < the number of the arm < below. null: no such bound."""

    def __init__(self, of: str, above: float | None, below: float | None):
        self._of = of
        self._region = between(above, below)

    def arms(self) -> list[str]:
        return [self._of]

    def parts(self, arms: Mapping[str, ArmScores]) -> list[ClaimPart]:
        return [ClaimPart(self._of, sum_of({self._of: 1.0}, arms), self._region, as_it_is, "itself")]
