"""Comparisons between the mechanisms of a task, on the same test images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import final

import numpy as np

from benchmark.report.analysis.contrasts import Contrast, SeedSample, contrast
from benchmark.report.analysis.grouping import ReportTask
from benchmark.report.analysis.inference import Finding, judge
from benchmark.report.analysis.predictions import Predictions, sources_of, value_by_seed
from benchmark.report.analysis.statistics import Interval


@final
@dataclass(frozen=True)
class Comparison:
    """Two groups of a task, by index. contrast: primary metric of the first minus the second. finding: its significance
    among all comparisons of the task in this evaluation mode. seeds: the number of seeds of each.
    """

    first: int
    second: int
    seeds: tuple[int, int]
    contrast: Contrast
    finding: Finding

    @property
    def difference(self) -> float:
        return self.contrast.difference

    @property
    def interval(self) -> Interval | None:
        return self.contrast.interval

    @property
    def is_significant(self) -> bool:
        return self.finding.is_significant

    def reversed(self) -> "Comparison":
        """The same comparison with first and second exchanged."""
        turned = replace(self.contrast, difference=-self.difference)
        return replace(self, first=self.second, second=self.first, seeds=self.seeds[::-1], contrast=turned)


def compare(task: ReportTask, predictions: Mapping[Path, Predictions], mode: str) -> list[Comparison]:
    """Every pair of groups that have predictions in an evaluation mode."""
    samples = {
        place: SeedSample.of(np.stack(list(values.values())))
        for place, group in enumerate(task.groups)
        if (values := value_by_seed(group, predictions, mode))
    }
    if not samples:
        return []
    sources_NK = sources_of(predictions.values())
    pairs = list(combinations(samples, 2))
    contrasts = [contrast(samples[first], samples[second], sources_NK) for first, second in pairs]
    return [
        Comparison(*pair, (len(samples[pair[0]].seeds_S), len(samples[pair[1]].seeds_S)), found, finding)
        for pair, found, finding in zip(pairs, contrasts, judge(contrasts), strict=True)
    ]


def between(comparisons: Sequence[Comparison], first: int, second: int) -> Comparison | None:
    """The comparison of two groups, first minus second; None where they were not compared."""
    for comparison in comparisons:
        if (comparison.first, comparison.second) == (first, second):
            return comparison
        if (comparison.first, comparison.second) == (second, first):
            return comparison.reversed()
    return None
