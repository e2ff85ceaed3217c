"""Means over seeds and their weighted sums, with the variance of seeds and of test images: what verdicts are about.

Axes: S seeds, N test images, K sources of an image.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from benchmark.common.clustered_variance import Floats, clustered_variance
from benchmark.report.analysis.statistics import LEVEL, Component, Interval, half_width, p_value, welch_freedom

FEW = 2
"""With this many seeds the variance over seeds has one degree of freedom, and Welch's approximation fails."""


Bound = Literal["exact", "at least", "at most", "unknown"]
"""What a number says where some seeds have only a lower bound: its own value, a bound of it, or nothing."""


@final
@dataclass(frozen=True)
class SeedSample:
    """A mechanism's scores on a task. seeds_S: each seed's mean over the test images; image_N: each image's mean over
    seeds; interaction: the variance of the seed x image interaction, which is in both. grain: the step between two
    values that a seed's score can have. more_S: whether a seed's score is only a lower bound.
    """

    seeds_S: Floats
    image_N: Floats
    interaction: float
    grain: float
    more_S: NDArray[np.bool_]

    @classmethod
    def of(cls, value_SN: Floats) -> "SeedSample":
        """From the score of each image with each seed."""
        seeds_S = value_SN.mean(axis=1)
        exact_S, grain = np.zeros(len(value_SN), bool), 1 / value_SN.shape[1]
        if len(value_SN) == 1:
            return cls(seeds_S, value_SN[0], 0.0, grain, exact_S)
        within = float(value_SN.var(axis=0, ddof=1).mean() - seeds_S.var(ddof=1))
        return cls(seeds_S, value_SN.mean(axis=0), max(0.0, within), grain, exact_S)

    @classmethod
    def of_seeds(cls, score_S: Sequence[float], grain: float = 0.0, more_S: Sequence[bool] = ()) -> "SeedSample":
        """From one number of each seed, of which the images are not known: its interval is for a new seed only."""
        more = np.asarray(more_S, bool) if len(more_S) else np.zeros(len(score_S), bool)
        return cls(np.asarray(score_S, float), np.empty(0), 0.0, grain, more)

    @property
    def mean(self) -> float:
        return float(self.seeds_S.mean())

    @property
    def over_seeds(self) -> Component | None:
        """The seed level: the variance of the mean over seeds; None with one seed.

        The standard deviation over seeds is taken as at least half a grain, such as half an image.
        """
        count = len(self.seeds_S)
        if count < 2:
            return None
        return Component(max((self.grain / 2) ** 2, float(self.seeds_S.var(ddof=1))) / count, count - 1)


@final
@dataclass(frozen=True)
class Contrast:
    """A difference, or another weighted sum, of means, with its variance components; none where one has one seed.

    bound: what it is where some seeds have only a lower bound; half of the interval is still known then.
    """

    difference: float
    components: tuple[Component, ...]
    bound: Bound = "exact"

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


class Term(NamedTuple):
    """A mean in a weighted sum. images: name of the test images; terms of one name are paired image by image."""

    weight: float
    sample: SeedSample
    images: str


def combination(terms: Sequence[Term], sources: Mapping[str, NDArray[np.int64]]) -> Contrast:
    """sum_i w_i mean_i, such as a difference (weights 1 and -1) or a slope.

    Variance components: the seed level of each term, and for each set of test images the weighted sum, image by image,
    where images with a common source are dependent. With three seeds or more of each the seed levels are added and have
    Welch's degrees of freedom; with two seeds of any they stay separate.
    sources: (N, K) of each set of test images.
    """
    total, bound = sum(term.weight * term.sample.mean for term in terms), bound_of(terms)
    over_seeds = [weighted(term.weight, term.sample.over_seeds) for term in terms]
    known = [component for component in over_seeds if component is not None]
    if len(known) < len(over_seeds):
        return Contrast(total, (), bound)
    names = dict.fromkeys(term.images for term in terms if len(term.sample.image_N))
    images = [over_images([term for term in terms if term.images == name], sources[name]) for name in names]
    if min(len(term.sample.seeds_S) for term in terms) <= FEW:
        return Contrast(total, (*known, *images), bound)
    together = Component(sum(component.variance for component in known), welch_freedom(known))
    return Contrast(total, (together, *images), bound)


def bound_of(terms: Sequence[Term]) -> Bound:
    """What a weighted sum is, by the terms of which some seeds have only a lower bound."""
    signs = {term.weight > 0 for term in terms if term.sample.more_S.any()}
    if not signs:
        return "exact"
    return "unknown" if len(signs) == 2 else "at least" if True in signs else "at most"


def combination_of_logarithms(terms: Sequence[Term], sources: Mapping[str, NDArray[np.int64]]) -> Contrast:
    """sum_i w_i log mean_i, such as the logarithm of a ratio, by the delta method: its variance is that of
    sum_i (w_i / mean_i) mean_i. Raises ValueError where a mean is not positive.
    """
    if min(term.sample.mean for term in terms) <= 0:
        raise ValueError("a mean that is not above zero has no logarithm")
    relative = [term._replace(weight=term.weight / term.sample.mean) for term in terms]
    total = sum(term.weight * float(np.log(term.sample.mean)) for term in terms)
    return replace(combination(relative, sources), difference=total)


def weighted(weight: float, component: Component | None) -> Component | None:
    """The component of a multiple."""
    return component and Component(weight**2 * component.variance, component.freedom)


def over_images(terms: Sequence[Term], sources_NK: NDArray[np.int64]) -> Component:
    """The variance over test images of a weighted sum on the same images; what differs from seed to seed is left out,
    as the seed levels have it.
    """
    value_N = np.sum([term.weight * term.sample.image_N for term in terms], axis=0)
    noise = sum(term.weight**2 * term.sample.interaction / len(term.sample.seeds_S) for term in terms)
    return Component(max(0.0, clustered_variance(value_N, sources_NK) - noise / len(value_N)), np.inf)


def contrast(first: SeedSample, second: SeedSample, sources_NK: NDArray[np.int64]) -> Contrast:
    """The first minus the second, on the same test images."""
    return combination([Term(1.0, first, ""), Term(-1.0, second, "")], {"": sources_NK})


def error_over_images(value_SN: Sequence[Floats], sources_NK: NDArray[np.int64]) -> float:
    """The standard error of a score over test images with the same seeds, the root mean square over seeds."""
    return float(np.sqrt(np.mean([clustered_variance(value_N, sources_NK) for value_N in value_SN])))
