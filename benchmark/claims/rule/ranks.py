"""A rank correlation of two published columns: no run decides it."""

from collections.abc import Mapping
from typing import final

import numpy as np

from benchmark.claims.measure.base import ArmScores
from benchmark.claims.rule.base import ClaimPart, ClaimRule, between
from benchmark.report.analysis.ranks import rank_correlation


@final
class RankCorrelation(ClaimRule):
    """above < Spearman's correlation < below, of two numbers of each row of a table.

    rows: the two numbers by name of the row. first, second: what the numbers are.
    """

    def __init__(
        self, rows: dict[str, tuple[float, float]], first: str, second: str, above: float | None, below: float | None
    ):
        self._found = rank_correlation(*zip(*rows.values(), strict=True))
        self._words = f"rank correlation of {first} and {second} over {len(rows)} rows"
        self._region = between(above, below, lambda bound: float(np.arctanh(bound)))

    def arms(self) -> list[str]:
        return []

    def parts(self, arms: Mapping[str, ArmScores]) -> list[ClaimPart]:
        return [ClaimPart(self._words, self._found, self._region, lambda value: float(np.tanh(value)), "pure")]
