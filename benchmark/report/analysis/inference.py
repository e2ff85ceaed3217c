"""Intervals and significance for a new seed and new test images: the only module that decides on a finding.

Every star, colour, interval and word such as "better" or "reproduced" in a report follows from here. The replicate is
a training run: many images of one seed are not many seeds. The rule was chosen by simulation, see
scripts/measure_statistics.py.

Axes: S seeds, N test images, K sources of an image.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from benchmark.common.clustered_variance import Floats, clustered_variance
from benchmark.report.analysis.statistics import (
    LEVEL,
    Component,
    Interval,
    half_width,
    holm,
    p_value,
    welch_freedom,
)

FAMILY = 0.05
"""The family-wise error rate: the probability of even one false finding among all comparisons of a task."""

FEW = 2
"""With this many seeds the variance over seeds has one degree of freedom, and Welch's approximation fails."""


@final
@dataclass(frozen=True)
class SeedSample:
    """A mechanism's scores on a task. seeds_S: each seed's mean over the test images; image_N: each image's mean over
    seeds; interaction: the variance of the seed x image interaction, which is in both.
    """

    seeds_S: Floats
    image_N: Floats
    interaction: float

    @classmethod
    def of(cls, value_SN: Floats) -> "SeedSample":
        """From the score of each image with each seed."""
        seeds_S = value_SN.mean(axis=1)
        if len(value_SN) == 1:
            return cls(seeds_S, value_SN[0], 0.0)
        within = float(value_SN.var(axis=0, ddof=1).mean() - seeds_S.var(ddof=1))
        return cls(seeds_S, value_SN.mean(axis=0), max(0.0, within))

    @property
    def over_seeds(self) -> Component | None:
        """The seed level: the variance of the mean over seeds; None with one seed.

        The standard deviation over seeds is taken as at least half an image.
        """
        count = len(self.seeds_S)
        if count < 2:
            return None
        least = (0.5 / len(self.image_N)) ** 2
        return Component(max(least, float(self.seeds_S.var(ddof=1))) / count, count - 1)


@final
@dataclass(frozen=True)
class Contrast:
    """The difference of two means with its variance components; none where a mechanism has one seed."""

    difference: float
    components: tuple[Component, ...]

    @property
    def p(self) -> float | None:
        """The p value of the hypothesis of no difference; None with one seed."""
        return p_value(self.difference, self.components) if self.components else None

    @property
    def interval(self) -> Interval | None:
        """The 95 % interval of the difference for new seeds and new test images; None with one seed."""
        if not self.components:
            return None
        half = half_width(self.components, 1 - LEVEL)
        return Interval(self.difference - half, self.difference + half)


def contrast(first: SeedSample, second: SeedSample, sources_NK: NDArray[np.int64]) -> Contrast:
    """The first minus the second, on the same test images.

    Three variance components: the seed level of each mechanism, and the paired differences of images, where images with
    a common source are dependent. With three seeds or more both seed levels are added and have Welch's degrees of
    freedom; with two seeds they stay separate.
    """
    difference = float(first.image_N.mean() - second.image_N.mean())
    mine, theirs = first.over_seeds, second.over_seeds
    if mine is None or theirs is None:
        return Contrast(difference, ())
    paired = clustered_variance(first.image_N - second.image_N, sources_NK)
    noise = first.interaction / len(first.seeds_S) + second.interaction / len(second.seeds_S)
    images = Component(max(0.0, paired - noise / len(first.image_N)), np.inf)
    if min(len(first.seeds_S), len(second.seeds_S)) <= FEW:
        return Contrast(difference, (mine, theirs, images))
    both = Component(mine.variance + theirs.variance, welch_freedom(mine, theirs))
    return Contrast(difference, (both, images))


@final
@dataclass(frozen=True)
class Finding:
    """The significance of one of a family of contrasts.

    adjusted: its p after Holm over the family. visible: the smallest difference that would have been significant at the
    first step of Holm's correction. Both None where a mechanism has one seed.
    """

    adjusted: float | None
    visible: float | None

    @property
    def is_significant(self) -> bool:
        """Whether the two mechanisms differ: p after Holm is below FAMILY."""
        return self.adjusted is not None and self.adjusted < FAMILY

    @property
    def word(self) -> str:
        if self.adjusted is None:
            return "no verdict: one seed"
        return "significant difference" if self.is_significant else "no significant difference"


def judge(family: Sequence[Contrast]) -> list[Finding]:
    """A finding for each contrast of a family: all pairs of a task in one evaluation mode."""
    p_values = [contrast.p for contrast in family]
    adjusted = iter(holm([p for p in p_values if p is not None]))
    count = sum(p is not None for p in p_values)
    return [
        Finding(None, None) if p is None else Finding(next(adjusted), half_width(contrast.components, FAMILY / count))
        for p, contrast in zip(p_values, family, strict=True)
    ]


def mean_interval(scores_S: Sequence[float], images: Interval | None) -> Interval | None:
    """The interval of a mechanism's mean for a new seed and new test images; None with one seed.

    images: the interval of the same mean over test images only, None where unknown; it is added to the seed level in
    quadrature, each side by itself.
    """
    count = len(scores_S)
    if count < 2:
        return None
    mean = float(np.mean(scores_S))
    half = half_width([Component(float(np.var(scores_S, ddof=1)) / count, count - 1)], 1 - LEVEL)
    below, above = (mean - images.low, images.high - mean) if images else (0.0, 0.0)
    return Interval(mean - float(np.hypot(half, below)), mean + float(np.hypot(half, above)))


def against_number(interval: Interval | None, published: float, near: float, higher_is_better: bool) -> str:
    """The verdict on a published number: "reproduced" if the whole interval is within `near` of it, "better" or "not
    reproduced" if the whole interval is outside, else, and with one seed, "cannot tell".
    """
    if interval is None:
        return "cannot tell"
    below, above = interval.high < published - near, interval.low > published + near
    if below or above:
        return "better" if above == higher_is_better else "not reproduced"
    within = published - near <= interval.low and interval.high <= published + near
    return "reproduced" if within else "cannot tell"
