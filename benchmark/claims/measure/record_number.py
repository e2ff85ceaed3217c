"""A number of the record, such as a cost or where a model looks."""

from collections.abc import Sequence
from typing import final

from benchmark.claims.measure.base import NO_IMAGES, ArmScores, ClaimMeasure, EvidenceError, NumberScale
from benchmark.report.analysis.contrasts import SeedSample
from benchmark.report.analysis.grouping import deep
from benchmark.report.read.folders import Finished
from datamodules.ranges import Natural


@final
class RecordNumber(ClaimMeasure):
    """A number of record.json by its path of keys, such as cost.multiply_adds or localisation.mean.hit_rate.

    Only its seeds are known, not its images: the interval is for a new seed on these test images.
    name: of the number, as text. factor, decimals, unit: how it is shown.
    """

    def __init__(self, path: str, name: str, factor: float, decimals: Natural, unit: str):
        self._path = path.split(".")
        self._scale = NumberScale(name, factor, decimals, unit)

    def score(self, runs: Sequence[Finished]) -> ArmScores:
        found = [deep(run.record, self._path) for run in runs]
        for run, value in zip(runs, found, strict=True):
            if value is None:
                raise EvidenceError(f"{run.address.folder}: its record has no number {'.'.join(self._path)}")
        return ArmScores(SeedSample.of_seeds([value for value in found if value is not None]), "", NO_IMAGES)

    def scale(self, runs: Sequence[Finished]) -> NumberScale:
        return self._scale
