"""One number of several tasks: the interquartile mean, and the probability that one mechanism beats another.

After Agarwal et al. (2021). Their intervals are a bootstrap over runs, which is too narrow with few seeds; these hold
their level by simulation (scripts/measure_claim_rules.py). The tasks are fixed, seeds are the replicates.

Axes: T tasks, S seeds, n = T * S runs.
"""

from collections.abc import Sequence

import numpy as np

from benchmark.common.clustered_variance import Floats
from benchmark.report.analysis.contrasts import Contrast
from benchmark.report.analysis.statistics import Component, Interval, wilson_interval


def interquartile_mean(score_TS: Sequence[Floats]) -> Contrast:
    """The mean of the middle half of all runs of all tasks. Its variance is that of the winsorised scores, task by task
    (Tukey & McLaughlin 1963, in strata). No components where a task has one seed.

    The tasks' variances stay separate components with any number of seeds: where bad seeds have a long tail, the
    interval would otherwise be too narrow.
    """
    value_n = np.sort(np.concatenate(list(score_TS)))
    cut = len(value_n) // 4
    middle = float(value_n[cut : len(value_n) - cut].mean())
    if min(len(score_S) for score_S in score_TS) < 2:
        return Contrast(middle, ())
    low, high = value_n[cut], value_n[len(value_n) - cut - 1]
    kept = len(value_n) - 2 * cut
    components = [
        Component(len(score_S) * float(np.clip(score_S, low, high).var(ddof=1)) / kept**2, len(score_S) - 1)
        for score_S in score_TS
    ]
    return Contrast(middle, tuple(components))


def improvement(first_TS: Sequence[Floats], second_TS: Sequence[Floats]) -> tuple[float, Interval]:
    """The probability that a new seed of the first scores higher than one of the second on a task drawn at random, ties
    counting half, with its 95 % interval.

    Wilson's interval of as many observations as there are tasks times seeds of the rarer: by Birnbaum & Klose (1957)
    the variance of a Mann-Whitney share is at most p (1 - p) / seeds.
    """
    shares = [
        float((first_S[:, None] > second_S).mean() + 0.5 * (first_S[:, None] == second_S).mean())
        for first_S, second_S in zip(first_TS, second_TS, strict=True)
    ]
    seeds = min(min(len(first_S), len(second_S)) for first_S, second_S in zip(first_TS, second_TS, strict=True))
    share = float(np.mean(shares))
    return share, wilson_interval(share, len(shares) * seeds)
