"""A mechanism's mean over its seeds, with its intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from benchmark.report.analysis.inference import mean_interval
from benchmark.report.analysis.statistics import Interval, inside, wilson_interval


@final
@dataclass(frozen=True)
class Estimate:
    """A mean over seeds. interval: for a new seed and new test images, None with one seed. images: for new test images
    and the same seeds, as wide as for one seed, None where unknown.
    """

    mean: float
    interval: Interval | None
    images: Interval | None
    scores: tuple[float, ...]

    @property
    def shown(self) -> Interval:
        """The widest known interval; [mean, mean] where there is none."""
        return self.interval or self.images or Interval(self.mean, self.mean)

    @property
    def about(self) -> str:
        """What the shown interval covers, as text."""
        if self.interval:
            return "95 %"
        return "one seed; images" if self.images else "one seed"


def estimate(scores: Sequence[float], images: Interval | None, most: float) -> Estimate:
    """The mean of scores, one per seed: between 0 and `most`, but for those of a metric that goes below 0."""
    found = mean_interval(scores, images)
    return Estimate(float(np.mean(scores)), inside(found, scores, most) if found else None, images, tuple(scores))


def share_estimate(shares: Sequence[float], images: float, error: float = 0.0) -> Estimate:
    """The mean of shares of `images` test images, one per seed. error: their standard error over images where some have
    a source in common; they count as as many independent ones as have it. 0: they are independent.
    """
    mean = float(np.mean(shares))
    count = min(images, mean * (1 - mean) / error**2) if error else images
    return estimate(shares, wilson_interval(mean, count), 1.0)
