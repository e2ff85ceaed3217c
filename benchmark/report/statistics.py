"""Statistics of scores, as pure functions; randomness is a generator passed by hand.

Axes: S seeds, N test images, D bootstrap draws, R runs, M hypotheses.
"""

from collections.abc import Sequence
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, ndtr, ndtri, stdtrit

Floats = NDArray[np.float64]

LEVEL = 0.95
"""The level of every interval in the report."""

CHUNK = 256
"""Bootstrap draws made at once: 256 x 10,000 images is 20 MB of float64, and the speed no longer grows beyond it."""


@final
class Interval(NamedTuple):
    """A closed interval, in the unit of what it is an interval of."""

    low: float
    high: float


@final
class Discordant(NamedTuple):
    """Images judged differently by two mechanisms: the first worse, the second worse; p of the sign-flip test."""

    first_wrong: int
    second_wrong: int
    p: float


def t_interval(scores_S: Sequence[float]) -> Interval | None:
    """The interval of the mean over seeds, mean +- t(n-1) sd / sqrt(n); None of one score."""
    count = len(scores_S)
    if count < 2:
        return None
    mean = float(np.mean(scores_S))
    half = float(stdtrit(count - 1, 0.5 + LEVEL / 2) * np.std(scores_S, ddof=1) / np.sqrt(count))
    return Interval(mean - half, mean + half)


def wilson_interval(share: float, count: int) -> Interval:
    """Wilson's score interval of a share seen on `count` images (Wilson 1927): how far another test set could move it.

    Raises ValueError for a share outside [0, 1] or no images.
    """
    if count < 1 or not 0 <= share <= 1:
        raise ValueError(f"a share in [0, 1] of at least one image is needed, not {share} of {count}")
    z = float(ndtri(0.5 + LEVEL / 2))
    centre = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    return Interval(max(0.0, float(centre - half)), min(1.0, float(centre + half)))


def normal_interval(mean: float, standard_error: float) -> Interval:
    """The interval of a mean over many images."""
    half = float(ndtri(0.5 + LEVEL / 2)) * standard_error
    return Interval(mean - half, mean + half)


def inside(interval: Interval | None, most: float) -> Interval | None:
    """What of an interval lies within 0 and `most`."""
    return Interval(max(0.0, interval.low), min(most, interval.high)) if interval else None


def resampled_means(scores_RN: Floats, generator: np.random.Generator, draws: int) -> Floats:
    """(D, R): each run's mean over images drawn with replacement, the same images for every run of a draw."""
    images = scores_RN.shape[1]
    parts = []
    for start in range(0, draws, CHUNK):
        size = min(CHUNK, draws - start)
        counts_DN = np.stack(
            [np.bincount(generator.integers(images, size=images), minlength=images) for _ in range(size)]
        )
        parts.append(counts_DN @ scores_RN.T / images)
    return np.concatenate(parts)


def resampled_seeds(means_DS: Floats, generator: np.random.Generator) -> Floats:
    """(D,): in each draw the mean over seeds drawn with replacement; the upper storey of the hierarchical bootstrap."""
    draws, seeds = means_DS.shape
    return np.take_along_axis(means_DS, generator.integers(seeds, size=(draws, seeds)), axis=1).mean(axis=1)


def percentile_interval(values_D: Floats) -> Interval:
    """The middle 95 % of bootstrap values."""
    low, high = np.quantile(values_D, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))


def paired_bootstrap(difference_SN: Floats, generator: np.random.Generator, draws: int) -> Interval:
    """Interval of the mean difference of two mechanisms on the same seeds and images, resampling both.

    difference_SN: wrong by the first minus wrong by the second, in {-1, 0, 1}. Seeds and images are crossed: a draw
    uses the same images for each of its seeds. With few seeds a bootstrap is too narrow; one leaves only the images.
    """
    return percentile_interval(resampled_seeds(resampled_means(difference_SN, generator, draws), generator))


def sign_flip(first_SN: Floats, second_SN: Floats) -> Discordant:
    """A two-sided test on the images that two mechanisms were judged differently on, pooled over seeds; less is better.

    Under the null the sign of each difference is a fair coin. Where all differences are as large, as between images
    right and wrong, that is McNemar's exact test: p = 2 P(X <= smaller), X ~ Binomial(discordant, 1/2). Otherwise the
    sum of the signed differences has mean 0 and their squares' sum as variance, and is taken to be normal.
    """
    difference_D = (first_SN - second_SN).ravel()
    difference_D = difference_D[difference_D != 0]
    first, second = int((difference_D > 0).sum()), int((difference_D < 0).sum())
    if not difference_D.size or np.ptp(np.abs(difference_D)) < 1e-12:
        return Discordant(first, second, min(1.0, 2 * float(bdtr(min(first, second), first + second, 0.5))))
    z = abs(difference_D.sum()) / np.sqrt(np.square(difference_D).sum())
    return Discordant(first, second, float(2 * ndtr(-z)))


def holm(p_M: Sequence[float]) -> list[float]:
    """Holm's adjustment (Holm 1979): the k-th smallest of M is multiplied by M - k + 1, never falling, at most 1."""
    adjusted = [0.0] * len(p_M)
    running = 0.0
    for place, index in enumerate(sorted(range(len(p_M)), key=lambda i: p_M[i])):
        running = max(running, min(1.0, (len(p_M) - place) * p_M[index]))
        adjusted[index] = running
    return adjusted


def log_slope(x: Sequence[float], y: Sequence[float]) -> float:
    """The exponent k of the best y = c x^k, least squares in logarithms; x and y positive, x of two values or more."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])
