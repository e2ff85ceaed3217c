"""How a number of the record changes along its entries, such as multiply-adds by the side of the image."""

from collections.abc import Mapping, Sequence
from typing import final

import numpy as np

from benchmark.claims.measure.base import NO_IMAGES, OF_A_MACHINE, ArmScores, ClaimMeasure, EvidenceError, NumberScale
from benchmark.report.analysis.contrasts import SeedSample
from benchmark.report.analysis.statistics import log_slope
from benchmark.report.read.folders import Finished, entry, number
from datamodules.ranges import Natural


@final
class RecordSlope(ClaimMeasure):
    """The least-squares slope over a mapping of record.json from numbers to numbers.

    path: of the mapping, such as cost.multiply_adds_by_side or test.mean.by_length. key: of the number in an entry, ""
    where the entry is the number. power: whether both are taken as logarithms: the exponent k of y = c x^k. least: the
    fewest images of an entry that counts; entries without a number of images all count. name, factor, decimals, unit:
    of the slope, as it is shown.
    """

    def __init__(
        self, path: str, key: str, power: bool, least: Natural, name: str, factor: float, decimals: Natural, unit: str
    ):
        self._path, self._key, self._power, self._least = path.split("."), key, power, least
        self._scale = NumberScale(name, factor, decimals, unit)

    def score(self, runs: Sequence[Finished]) -> ArmScores:
        return ArmScores(SeedSample.of_seeds([self._slope(run) for run in runs]), "", NO_IMAGES)

    def _slope(self, run: Finished) -> float:
        found = entry(run.record, self._path)
        entries = found if isinstance(found, Mapping) else {}
        pairs = [(float(at), value) for at, each in entries.items() if (value := self._value(each)) is not None]
        if len(pairs) < 2:
            raise EvidenceError(f"{run.address.folder}: its record has no two numbers at {'.'.join(self._path)}")
        x, y = zip(*pairs, strict=True)
        if self._power and min(*x, *y) <= 0:
            raise EvidenceError(
                f"{run.address.folder}: a number at {'.'.join(self._path)} is not above zero, and has no logarithm"
            )
        return log_slope(x, y) if self._power else float(np.polyfit(x, y, 1)[0])

    def _value(self, found: object) -> float | None:
        if not self._key:
            return number({"": found}, "")
        images = number(found, "images")
        return None if images is not None and images < self._least else number(found, self._key)

    @property
    def depends_on_machine(self) -> bool:
        return any(word in ".".join(self._path) for word in OF_A_MACHINE)

    def scale(self, runs: Sequence[Finished]) -> NumberScale:
        return self._scale
