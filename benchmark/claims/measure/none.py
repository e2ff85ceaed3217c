"""For claims that no run decides."""

from collections.abc import Sequence
from typing import final

from benchmark.claims.measure.base import PURE, ArmScores, ClaimMeasure, EvidenceError, NumberScale
from benchmark.report.read.folders import Finished


@final
class NoMeasure(ClaimMeasure):
    """Of a claim without arms, such as one on a published table."""

    def score(self, runs: Sequence[Finished]) -> ArmScores:
        raise EvidenceError("the claim measures nothing of its runs")

    @property
    def depends_on_machine(self) -> bool:
        return False

    def scale(self, runs: Sequence[Finished]) -> NumberScale:
        return PURE
