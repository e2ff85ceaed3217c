"""The interface of measures: from the finished runs of an arm to its scores.

Axes: N test images, K sources of an image.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from benchmark.report.analysis.contrasts import SeedSample
from benchmark.report.read.folders import Finished


@final
class EvidenceError(Exception):
    """The runs are there, but have no such number; the message says which and why."""


@final
class NumberScale(NamedTuple):
    """How numbers are shown: times `factor`, with `decimals` and `unit`."""

    name: str
    factor: float
    decimals: int
    unit: str


@final
class ArmScores(NamedTuple):
    """The scores of an arm. images: name of its test images, "" where single images are not known. sources_NK: their
    sources.
    """

    sample: SeedSample
    images: str
    sources_NK: NDArray[np.int64]


PURE = NumberScale("", 1.0, 2, "")
"""Of a number without a unit."""
NO_IMAGES = np.empty((0, 1), np.int64)

OF_A_MACHINE = ("second", "memory")
"""Words in the paths of a record's numbers that another machine would change."""


class ClaimMeasure(ABC):
    """A number of a run, such as its error on the test images."""

    @abstractmethod
    def score(self, runs: Sequence[Finished]) -> ArmScores:
        """Of an arm, whose runs differ in their seeds only. Raises EvidenceError where a run has no such number."""

    @property
    @abstractmethod
    def depends_on_machine(self) -> bool:
        """Whether another machine would give other numbers: then all runs have to be of one."""

    @abstractmethod
    def scale(self, runs: Sequence[Finished]) -> NumberScale:
        """How its numbers are shown."""
