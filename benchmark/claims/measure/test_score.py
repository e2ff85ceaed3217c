"""The primary metric on the test images, image by image.

Axes: S seeds, N test images.
"""

from collections.abc import Mapping, Sequence
from typing import final

import numpy as np
from numpy.typing import NDArray

from benchmark.claims.measure.base import ArmScores, ClaimMeasure, EvidenceError, NumberScale
from benchmark.report.analysis.contrasts import SeedSample
from benchmark.report.analysis.predictions import PredictionsError, other_sources, predictions_of, sources_of
from benchmark.report.analysis.quality import Quality
from benchmark.report.read.folders import Finished


@final
class TestScore(ClaimMeasure):
    """The primary metric in an evaluation mode; minus that in another mode of the same run, where one is named.

    mode: "mean", "expectation", "sample", "average" or "random". minus: the same, "" for none.
    """

    __test__ = False  # no test of pytest's, in spite of its name

    def __init__(self, mode: str, minus: str):
        self._mode, self._minus = mode, minus

    def score(self, runs: Sequence[Finished]) -> ArmScores:
        held = []
        for run in runs:
            try:
                held.append(predictions_of(run))
            except PredictionsError as fault:
                raise EvidenceError(f"{run.address.folder}: {fault}") from fault
        if any(not np.array_equal(held[0].index, other.index) for other in held):
            raise EvidenceError(f"the seeds of {runs[0].address.attention} were tested on different images")
        if any(other_sources(held, other) for other in held):
            raise EvidenceError(f"the seeds of {runs[0].address.attention} name different sources of their test images")
        value_SN = np.stack([self._value(run, found.value) for run, found in zip(runs, held, strict=True)])
        return ArmScores(SeedSample.of(value_SN), runs[0].fingerprint, sources_of(held))

    def _value(self, run: Finished, by_mode: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        tested = ", ".join(by_mode)
        for mode in filter(None, (self._mode, self._minus)):
            if mode not in by_mode:
                raise EvidenceError(f"{run.address.folder}: was not tested in the mode {mode!r}, but in {tested}")
        return by_mode[self._mode] - by_mode[self._minus] if self._minus else by_mode[self._mode]

    @property
    def depends_on_machine(self) -> bool:
        return False

    def scale(self, runs: Sequence[Finished]) -> NumberScale:
        quality = Quality(runs[0].headline)
        name = f"{quality.name}, {self._mode} minus {self._minus}" if self._minus else quality.name
        unit = quality.points.replace(",", "") if self._minus else quality.unit
        return NumberScale(name, quality.factor, quality.decimals, unit)
