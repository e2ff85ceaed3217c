"""How long a run trains until its validation reaches a target."""

from collections.abc import Sequence
from typing import final

import numpy as np

from benchmark.claims.measure.base import NO_IMAGES, ArmScores, ClaimMeasure, NumberScale
from benchmark.claims.measure.images_to_target import reached
from benchmark.report.analysis.contrasts import SeedSample
from benchmark.report.analysis.quality import Quality
from benchmark.report.read.folders import Finished
from datamodules.ranges import Positive


@final
class SecondsToTarget(ClaimMeasure):
    """Seconds of training until the primary metric on the validation split is at least as good as `target`. All that an
    image costs is in it: trajectories, glimpses, the encoder. A seed that does not reach the target counts as if it had
    at its last image, which favours the slower arm.

    Only its seeds are known: the interval is for a new seed. Runs that share a machine disturb each other.
    """

    def __init__(self, target: Positive):
        self._target = target

    def score(self, runs: Sequence[Finished]) -> ArmScores:
        seconds = [float(np.log2(reached(run, self._target).seconds)) for run in runs]
        return ArmScores(SeedSample.of_seeds(seconds), "", NO_IMAGES)

    def scale(self, runs: Sequence[Finished]) -> NumberScale:
        quality = Quality(runs[0].headline)
        return NumberScale(
            f"log2 of seconds to {quality.written(self._target)}{quality.unit} {quality.name}", 1.0, 2, ""
        )
