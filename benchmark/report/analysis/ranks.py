"""How two orders agree: rank correlations as contrasts on Fisher's scale.

Axes: N things that are ranked twice.
"""

from collections.abc import Sequence

import numpy as np
from scipy.stats import spearmanr

from benchmark.report.analysis.contrasts import Contrast
from benchmark.report.analysis.statistics import Component

LEAST = 5
"""Fewer things have no interval: the variance on Fisher's scale is 1 / (N - 3) and more."""


def rank_correlation(first_N: Sequence[float], second_N: Sequence[float]) -> Contrast:
    """Spearman's correlation, as its inverse hyperbolic tangent, whose variance is (1 + r^2 / 2) / (N - 3) (Bonett &
    Wright 2000). tanh takes it back.

    A perfect correlation is taken as 1 - 1 / N^2, as its transform is infinite. Raises ValueError for fewer than LEAST
    things, or where all of one order are equal.
    """
    count = len(first_N)
    if count < LEAST or len(set(first_N)) < 2 or len(set(second_N)) < 2:
        raise ValueError(f"a rank correlation needs {LEAST} things that differ, not {count}")
    most = 1 - 1 / count**2
    correlation = float(np.clip(spearmanr(first_N, second_N).statistic, -most, most))
    variance = (1 + correlation**2 / 2) / (count - 3)
    return Contrast(float(np.arctanh(correlation)), (Component(variance, np.inf),))
