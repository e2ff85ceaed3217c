"""How many training images a run needs until its validation reaches a target."""

from collections.abc import Sequence
from typing import final

import numpy as np

from benchmark.claims.measure.base import NO_IMAGES, ArmScores, ClaimMeasure, EvidenceError, NumberScale
from benchmark.report.analysis.contrasts import SeedSample
from benchmark.report.analysis.quality import Quality
from benchmark.report.analysis.targets import NEVER, first, validations
from benchmark.report.read.folders import Finished
from datamodules.ranges import Positive


@final
class ImagesToTarget(ClaimMeasure):
    """Training images until the primary metric on the validation split is at least as good as `target`. A seed that
    does not reach it counts as if it had at its last image, which favours the slower arm.

    Only its seeds are known: the interval is for a new seed.
    """

    def __init__(self, target: Positive):
        self._target = target

    def score(self, runs: Sequence[Finished]) -> ArmScores:
        return ArmScores(SeedSample.of_seeds([self._images(run) for run in runs]), "", NO_IMAGES)

    def _images(self, run: Finished) -> float:
        held = validations(run)
        if not held:
            raise EvidenceError(f"{run.address.folder}: its metrics.jsonl has no validation that can be used")
        found = first(held, self._target, Quality(run.headline)).images
        return float(np.log2(held[-1].images if found == NEVER else found))

    def scale(self, runs: Sequence[Finished]) -> NumberScale:
        quality = Quality(runs[0].headline)
        return NumberScale(
            f"log2 of images to {quality.written(self._target)}{quality.unit} {quality.name}", 1.0, 2, ""
        )
