"""Scores of several tasks on one scale: 0 is random glimpses, 1 the best of the other controls.

Axes: T tasks, S seeds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from benchmark.common.clustered_variance import Floats
from benchmark.report.analysis.aggregates import interquartile_mean
from benchmark.report.analysis.contrasts import Contrast
from benchmark.report.analysis.estimates import Estimate
from benchmark.report.analysis.grouping import HEADLINE, Group, ReportTask
from benchmark.report.analysis.marks import marked

RANDOM = "random"
"""The control whose score is 0."""


@final
@dataclass(frozen=True)
class TaskScale:
    """The ends of a task's scale. worst: the control with random glimpses; best: the best of the others."""

    task: ReportTask
    worst: Group
    best: Group

    def score(self, loss: float) -> float:
        """From a loss (lower is better) to the scale; below 0 and above 1 where it is outside of both ends."""
        low, high = loss_of(self.worst), loss_of(self.best)
        return (low - loss) / (low - high)


@final
@dataclass(frozen=True)
class Normalised:
    """A mechanism on all tasks that have a scale. groups_T: None where it was not run. score_TS: its seeds, on the
    scale; empty where it was not run.
    """

    name: str
    groups_T: tuple[Group | None, ...]
    score_TS: tuple[Floats, ...]

    @property
    def label(self) -> str:
        """Its name, with the marks of what its runs on any task have seen or read."""
        return marked(self.name, [run for group in self.groups_T if group for run in group.runs])

    @property
    def overall(self) -> Contrast | None:
        """The interquartile mean over tasks and seeds; None where it lacks a task."""
        return interquartile_mean(self.score_TS) if all(len(score_S) for score_S in self.score_TS) else None


def scales(tasks: Sequence[ReportTask]) -> list[TaskScale]:
    """Of the tasks that have both ends: the control with random glimpses, and a control that is better."""
    found = []
    for task in tasks:
        known = [group for group in task.groups if group.is_control and group.score(HEADLINE) is not None]
        place = task.place_of(RANDOM)
        worst = None if place is None else task.groups[place]
        others = [group for group in known if group.attention != RANDOM]
        if worst is not None and worst in known and others:
            best = min(others, key=loss_of)
            if loss_of(best) < loss_of(worst):
                found.append(TaskScale(task, worst, best))
    return found


def normalised(ends: Sequence[TaskScale]) -> list[Normalised]:
    """Every mechanism and setting of these tasks, those on all of them first, the best first."""
    names = dict.fromkeys(group.name() for each in ends for group in each.task.groups)
    rows = [row(name, ends) for name in names]
    return sorted(rows, key=lambda found: (found.overall is None, -(found.overall.difference if found.overall else 0)))


def row(name: str, ends: Sequence[TaskScale]) -> Normalised:
    """One mechanism in one setting, which has the same name on all tasks; its marks need not be the same."""
    groups = tuple(next((group for group in each.task.groups if group.name() == name), None) for each in ends)
    return Normalised(name, groups, tuple(scores(each, group) for each, group in zip(ends, groups, strict=True)))


def scores(ends: TaskScale, group: Group | None) -> Floats:
    """The seeds of a group on its task's scale."""
    found = group.score(HEADLINE) if group else None
    values = found.scores if found else ()
    return np.array([ends.score(ends.task.quality.loss(value)) for value in values])


def loss_of(group: Group) -> float:
    """The mean over seeds, turned so that lower is better; of a group that has a score."""
    found: Estimate | None = group.score(HEADLINE)
    assert found is not None
    return group.quality.loss(found.mean)
