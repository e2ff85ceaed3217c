"""Paired comparisons between the mechanisms of a task, on the same seeds and the same test images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import final

import numpy as np
from numpy.typing import NDArray

from benchmark.report.grouping import Task
from benchmark.report.predictions import Predictions, wrong_by_seed
from benchmark.report.statistics import (
    Discordant,
    Floats,
    Interval,
    holm,
    mcnemar,
    percentile_interval,
    resampled_means,
    resampled_seeds,
)

SIGNIFICANT = 0.05
"""The family-wise level of the comparisons, after Holm."""

WrongBySeed = Mapping[int, NDArray[np.bool_]]


@final
@dataclass(frozen=True)
class Comparison:
    """Two groups of a task, by place. difference: error of the first minus that of the second, a fraction.

    wins, ties, losses: seeds on which the first had the lower, the same, the higher error.
    adjusted: McNemar's p after Holm, over all comparisons of the task in this mode.
    """

    first: int
    second: int
    seeds: tuple[int, ...]
    difference: float
    interval: Interval
    wins: int
    ties: int
    losses: int
    discordant: Discordant
    adjusted: float

    @property
    def clear(self) -> bool:
        """Whether both the interval and the adjusted test speak of a difference."""
        return self.adjusted < SIGNIFICANT and not self.interval.low <= 0 <= self.interval.high

    def reversed(self) -> "Comparison":
        """The same, seen from the second."""
        seen = Discordant(self.discordant.second_wrong, self.discordant.first_wrong, self.discordant.p)
        return replace(
            self,
            first=self.second,
            second=self.first,
            difference=-self.difference,
            interval=Interval(-self.interval.high, -self.interval.low),
            wins=self.losses,
            losses=self.wins,
            discordant=seen,
        )


def compare(
    task: Task, predictions: Mapping[Path, Predictions], mode: str, generator: np.random.Generator, draws: int
) -> list[Comparison]:
    """Every pair of groups with a seed in common; the images of a bootstrap draw are the same for all of them."""
    wrong = [wrong_by_seed(group, predictions, mode) for group in task.groups]
    runs = [(place, seed) for place, by_seed in enumerate(wrong) for seed in by_seed]
    if not runs:
        return []
    scores_RN = np.stack([wrong[place][seed] for place, seed in runs]).astype(float)
    means = dict(zip(runs, resampled_means(scores_RN, generator, draws).T, strict=True))
    found = []
    for first, second in combinations(range(len(wrong)), 2):
        seeds = tuple(sorted(wrong[first].keys() & wrong[second].keys()))
        if seeds:
            means_DS = np.stack([means[first, seed] - means[second, seed] for seed in seeds], axis=1)
            found.append(compare_pair((first, second), seeds, wrong[first], wrong[second], means_DS, generator))
    adjusted = holm([comparison.discordant.p for comparison in found])
    return [replace(comparison, adjusted=p) for comparison, p in zip(found, adjusted, strict=True)]


def compare_pair(
    places: tuple[int, int],
    seeds: tuple[int, ...],
    first: WrongBySeed,
    second: WrongBySeed,
    means_DS: Floats,
    generator: np.random.Generator,
) -> Comparison:
    """One pair, before Holm. means_DS: per draw and common seed, the difference of error on the draw's images."""
    first_SN = np.stack([first[seed] for seed in seeds])
    second_SN = np.stack([second[seed] for seed in seeds])
    counts_S = first_SN.sum(axis=1) - second_SN.sum(axis=1)
    discordant = mcnemar(first_SN, second_SN)
    return Comparison(
        *places, seeds, float(counts_S.sum() / first_SN.size),
        percentile_interval(resampled_seeds(means_DS, generator)),
        int((counts_S < 0).sum()), int((counts_S == 0).sum()), int((counts_S > 0).sum()), discordant, discordant.p,
    )  # fmt: skip


def between(comparisons: Sequence[Comparison], first: int, second: int) -> Comparison | None:
    """The comparison of two groups, seen from the first; None where they were not compared."""
    for comparison in comparisons:
        if (comparison.first, comparison.second) == (first, second):
            return comparison
        if (comparison.first, comparison.second) == (second, first):
            return comparison.reversed()
    return None
