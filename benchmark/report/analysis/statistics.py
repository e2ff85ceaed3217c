"""Statistics as pure functions: intervals from several sources of variance, shares, Holm's correction.

Axes: M hypotheses.
"""

from collections.abc import Sequence
from typing import NamedTuple, final

import numpy as np
from scipy.special import ndtri, stdtrit

LEVEL = 0.95
"""The level of every interval in the report."""

LEAST_P = 1e-12
"""The smallest p value: below it quantiles of Student's t with one degree of freedom overflow."""


@final
class Interval(NamedTuple):
    """A closed interval, in the unit of what it is an interval of."""

    low: float
    high: float


@final
class Component(NamedTuple):
    """A component of an estimate's variance, with its degrees of freedom (infinite for a variance over images)."""

    variance: float
    freedom: float


def half_width(components: Sequence[Component], alpha: float) -> float:
    """Half the width of the interval of level 1 - alpha around an estimate with these variance components.

    Banerjee's (1960, 1961) interval: each variance is multiplied by the square of its own Student's t, so that the
    level holds for any ratio of variances, with as few as one degree of freedom each.
    """
    return float(np.sqrt(sum(variance * quantile(freedom, alpha) ** 2 for variance, freedom in components)))


def quantile(freedom: float, alpha: float) -> float:
    """The two-sided quantile of Student's t, of the normal distribution with infinitely many degrees of freedom."""
    return float(-ndtri(alpha / 2) if np.isinf(freedom) else -stdtrit(freedom, alpha / 2))


def p_value(estimate: float, components: Sequence[Component]) -> float:
    """The level at which the interval around the estimate just reaches zero; not below LEAST_P."""
    low, high = np.log(LEAST_P), 0.0
    if half_width(components, LEAST_P) < abs(estimate):
        return LEAST_P
    for _ in range(50):  # bisection of the logarithm: to 1e-14
        middle = (low + high) / 2
        if half_width(components, float(np.exp(middle))) < abs(estimate):
            high = middle
        else:
            low = middle
    return float(np.exp(high))


def welch_freedom(components: Sequence[Component]) -> float:
    """Welch's degrees of freedom of a sum of variances (Satterthwaite 1946, Welch 1947)."""
    shares = sum(component.variance**2 / component.freedom for component in components)
    total = sum(component.variance for component in components)
    return total**2 / shares if shares else sum(component.freedom for component in components)


def wilson_interval(share: float, count: float) -> Interval:
    """Wilson's score interval of a share measured on `count` images (Wilson 1927).

    count: of independent images; for dependent ones the number that gives the same standard error.
    Raises ValueError for a share outside [0, 1] or no images.
    """
    if count <= 0 or not 0 <= share <= 1:
        raise ValueError(f"a share in [0, 1] of at least one image is needed, not {share} of {count}")
    z = quantile(np.inf, 1 - LEVEL)
    centre = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    return Interval(max(0.0, float(centre - half)), min(1.0, float(centre + half)))


def normal_interval(mean: float, standard_error: float) -> Interval:
    """The normal interval of a mean over many images."""
    half = quantile(np.inf, 1 - LEVEL) * standard_error
    return Interval(mean - half, mean + half)


def inside(interval: Interval, scores: Sequence[float], most: float) -> Interval:
    """The interval of a mean of scores, clipped to [0, most]; not from below where a score is negative."""
    least = 0.0 if min(scores) >= 0 else -np.inf
    return Interval(max(least, interval.low), min(most, interval.high))


def holm(p_M: Sequence[float]) -> list[float]:
    """Holm's adjustment (Holm 1979): the k-th smallest of M is multiplied by M - k + 1; monotone, at most 1."""
    adjusted = [0.0] * len(p_M)
    running = 0.0
    for place, index in enumerate(sorted(range(len(p_M)), key=lambda i: p_M[i])):
        running = max(running, min(1.0, (len(p_M) - place) * p_M[index]))
        adjusted[index] = running
    return adjusted


def log_slope(x: Sequence[float], y: Sequence[float]) -> float:
    """The exponent k of the best y = c x^k, least squares in logarithms; x and y positive, x of two values or more."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])
