"""One number of several tasks: the interquartile mean.

After Agarwal et al. (2021). Their interval is a bootstrap over runs, which is too narrow with few seeds; this one holds
its level by simulation (scripts/measure_claim_rules.py). The tasks are fixed, seeds are the replicates.

Axes: T tasks, S seeds, n = T * S runs.
"""

from collections.abc import Sequence

import numpy as np

from benchmark.common.clustered_variance import Floats
from benchmark.report.analysis.contrasts import Contrast
from benchmark.report.analysis.statistics import Component


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
