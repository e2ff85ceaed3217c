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
    `target`. Of a seed that does not reach it the last validation is a lower bound, and no more is claimed of it.

    Only its seeds are known: the interval is for a new seed. Validations are a grain: what lies between two of them is
    not seen. spent: what is counted, as text.
    """

    spent: ClassVar[str]

    def __init__(self, target: Positive):
        self._target = target

    @abstractmethod
    def until(self, validation: Validated) -> float:
        """What was spent until a validation."""

    @final
    def score(self, runs: Sequence[Finished]) -> ArmScores:
        spent_S, more_S, grains = [], [], []
        for validated, place in map(self._found, runs):
            spent = [float(np.log2(self.until(each))) for each in validated]
            spent_S.append(spent[-1] if place is None else spent[place])
            more_S.append(place is None)
            grains.append(grain(spent, len(spent) - 1 if place is None else place))
        return ArmScores(SeedSample.of_seeds(spent_S, max(grains), more_S), "", NO_IMAGES)

    def _found(self, run: Finished) -> tuple[list[Validated], int | None]:
        """The validations of a run, and the place of the first that is as good as the target; None where none is."""
        held = validations(run)
        if not held:
            raise EvidenceError(f"{run.address.folder}: its metrics.jsonl has no validation that can be used")
        found = first(held, self._target, Quality(run.headline))
        return held, None if found.images == NEVER else held.index(found)

    @final
    def scale(self, runs: Sequence[Finished]) -> NumberScale:
        quality = Quality(runs[0].headline)
        target = f"{quality.written(self._target)}{quality.unit} {quality.name}"
        return NumberScale(f"log2 of {self.spent} to {target}", 1.0, 2, "")


def grain(spent: Sequence[float], place: int) -> float:
    """The distance of a validation to the one before it, of the first one to the next; 0 where there is only one."""
    if len(spent) == 1:
        return 0.0
    return spent[place] - spent[place - 1] if place else spent[1] - spent[0]
