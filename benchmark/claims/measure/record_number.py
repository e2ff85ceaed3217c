"""A number of the record, such as a cost or where a model looks."""

from collections.abc import Sequence
from typing import final

from benchmark.claims.measure.base import NO_IMAGES, OF_A_MACHINE, ArmScores, ClaimMeasure, EvidenceError, NumberScale
from benchmark.report.analysis.contrasts import SeedSample
from benchmark.report.read.folders import Finished, deep
from datamodules.ranges import Natural


@final
class RecordNumber(ClaimMeasure):
    """A number of record.json by its path of keys, such as cost.multiply_adds or localisation.mean.hit_rate.

    Only its seeds are known, not its images: the interval is for a new seed on these test images.
    minus: path of a number that is subtracted, "" for none. name: of the number, as text. factor, decimals, unit: how
    it is shown.
    """

    def __init__(self, path: str, minus: str, name: str, factor: float, decimals: Natural, unit: str):
        self._path, self._minus = path, minus
        self._scale = NumberScale(name, factor, decimals, unit)

    def score(self, runs: Sequence[Finished]) -> ArmScores:
        values = [read(run, self._path) - (read(run, self._minus) if self._minus else 0.0) for run in runs]
        return ArmScores(SeedSample.of_seeds(values), "", NO_IMAGES)

    @property
    def depends_on_machine(self) -> bool:
        return any(word in self._path + self._minus for word in OF_A_MACHINE)

    def scale(self, runs: Sequence[Finished]) -> NumberScale:
        return self._scale


def read(run: Finished, path: str) -> float:
    """The number of a run's record. Raises EvidenceError where it has none."""
    value = deep(run.record, path.split("."))
    if value is None:
        raise EvidenceError(f"{run.address.folder}: its record has no number {path}")
    return value
