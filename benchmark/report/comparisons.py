"""Paired comparisons between the mechanisms of a task, on the same seeds and the same test images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import final

import numpy as np

from benchmark.report.grouping import Task
from benchmark.report.predictions import Predictions, value_by_seed
from benchmark.report.statistics import (
    Discordant,
    Floats,
    Interval,
    holm,
    percentile_interval,
    resampled_means,
    resampled_seeds,
    sign_flip,
)

SIGNIFICANT = 0.05
"""The family-wise level of the comparisons, after Holm."""

BySeed = Mapping[int, Floats]


@final
@dataclass(frozen=True)
class Comparison:
    """Two groups of a task, by place. difference: headline of the first minus that of the second.

    wins, ties, losses: seeds on which the first was better, alike, worse.
    adjusted: the sign-flip test's p after Holm, over all comparisons of the task in this mode.
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
    values = [value_by_seed(group, predictions, mode) for group in task.groups]
    runs = [(place, seed) for place, by_seed in enumerate(values) for seed in by_seed]
    if not runs:
        return []
    scores_RN = np.stack([values[place][seed] for place, seed in runs])
    means = dict(zip(runs, resampled_means(scores_RN, generator, draws).T, strict=True))
    found = []
    for first, second in combinations(range(len(values)), 2):
        seeds = tuple(sorted(values[first].keys() & values[second].keys()))
        if seeds:
            means_DS = np.stack([means[first, seed] - means[second, seed] for seed in seeds], axis=1)
            pair = (values[first], values[second])
            found.append(compare_pair((first, second), seeds, pair, means_DS, generator, task.quality.loss(1.0)))
    adjusted = holm([comparison.discordant.p for comparison in found])
    return [replace(comparison, adjusted=p) for comparison, p in zip(found, adjusted, strict=True)]


def compare_pair(
    places: tuple[int, int],
    seeds: tuple[int, ...],
    values: tuple[BySeed, BySeed],
    means_DS: Floats,
    generator: np.random.Generator,
    sign: float,
) -> Comparison:
    """One pair, before Holm. means_DS: per draw and common seed, the difference on the draw's images.
    sign: 1 where less is better, else -1.
    """
    first_SN, second_SN = (np.stack([held[seed] for seed in seeds]) for held in values)
    difference_S = (first_SN - second_SN).mean(axis=1)
    worse_S = np.where(np.abs(difference_S) < 1e-12, 0.0, sign * difference_S)
    discordant = sign_flip(sign * first_SN, sign * second_SN)
    return Comparison(
        *places, seeds, float(difference_S.mean()),
        percentile_interval(resampled_seeds(means_DS, generator)),
        int((worse_S < 0).sum()), int((worse_S == 0).sum()), int((worse_S > 0).sum()), discordant, discordant.p,
    )  # fmt: skip


def between(comparisons: Sequence[Comparison], first: int, second: int) -> Comparison | None:
    """The comparison of two groups, seen from the first; None where they were not compared."""
    for comparison in comparisons:
        if (comparison.first, comparison.second) == (first, second):
            return comparison
        if (comparison.first, comparison.second) == (second, first):
            return comparison.reversed()
    return None
