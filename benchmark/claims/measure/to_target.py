"""How much training a run needs until its validation reaches a target."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from benchmark.claims.measure.base import NO_IMAGES, ArmScores, ClaimMeasure, EvidenceError, NumberScale
from benchmark.report.analysis.contrasts import SeedSample
from benchmark.report.analysis.quality import Quality
from benchmark.report.analysis.targets import NEVER, Validated, first, validations
from benchmark.report.read.folders import Finished
from datamodules.ranges import Positive


class ToTarget(ClaimMeasure):
    """The binary logarithm of what was spent until the primary metric on the validation split is at least as good as
    `target`. A seed that does not reach it counts as if it had at its last validation, which favours the slower arm.

    Only its seeds are known: the interval is for a new seed. spent: what is counted, as text.
    """

    spent: ClassVar[str]

    def __init__(self, target: Positive):
        self._target = target

    @abstractmethod
    def until(self, validation: Validated) -> float:
        """What was spent until a validation."""

    @final
    def score(self, runs: Sequence[Finished]) -> ArmScores:
        found = [float(np.log2(self.until(reached(run, self._target)))) for run in runs]
        return ArmScores(SeedSample.of_seeds(found), "", NO_IMAGES)

    @final
    def scale(self, runs: Sequence[Finished]) -> NumberScale:
        quality = Quality(runs[0].headline)
        target = f"{quality.written(self._target)}{quality.unit} {quality.name}"
        return NumberScale(f"log2 of {self.spent} to {target}", 1.0, 2, "")


def reached(run: Finished, target: float) -> Validated:
    """The first validation that is as good as the target; the last one where none is. Raises EvidenceError."""
    held = validations(run)
    if not held:
        raise EvidenceError(f"{run.address.folder}: its metrics.jsonl has no validation that can be used")
    found = first(held, target, Quality(run.headline))
    return held[-1] if found.images == NEVER else found
