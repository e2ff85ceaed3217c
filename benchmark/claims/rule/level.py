"""A number of one arm, by itself."""

from collections.abc import Mapping
from typing import final

import numpy as np

from benchmark.claims.measure.base import ArmScores
from benchmark.claims.rule.base import ClaimPart, ClaimRule, as_it_is, sum_of
from benchmark.report.analysis.inference import Region


@final
class Level(ClaimRule):
    """above < the number of the arm < below. null: no such bound."""

    def __init__(self, of: str, above: float | None, below: float | None):
        self._of = of
        self._region = Region(-np.inf if above is None else above, np.inf if below is None else below)

    def arms(self) -> list[str]:
        return [self._of]

    def parts(self, arms: Mapping[str, ArmScores]) -> list[ClaimPart]:
        return [ClaimPart(self._of, sum_of({self._of: 1.0}, arms), self._region, as_it_is, "itself")]
