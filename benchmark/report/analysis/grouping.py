"""Groups finished runs: by data set and test images into tasks, within a task by mechanism and setting, over seeds."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from benchmark.report.analysis.estimates import Estimate, estimate, share_estimate
from benchmark.report.analysis.marks import marked
from benchmark.report.analysis.naming import Departure, Names, following, in_brackets, in_common, versions
from benchmark.report.analysis.quality import Quality
from benchmark.report.analysis.statistics import inside, normal_interval
from benchmark.report.read.folders import Finished, deep

HEADLINE = "mean"
"""The evaluation mode by which mechanisms are sorted, compared and set beside published numbers: the mean policy."""

MODES = {
    "mean": "mean policy",
    "expectation": "expected glimpse",
    "sample": "one sample",
    "average": "average over samples",
    "random": "random glimpses",
}
"""The evaluation modes in order of display, as text; other modes follow under their own names."""


@final
@dataclass(frozen=True)
class Group:
    """The runs of one mechanism in one setting on the same test images, one per seed.

    shared: the knobs that all runs of the study override with the same value, and those that are interpolated from
    them in all runs of the mechanism. They are left out of the label. apart: see `versions`; None where its experiment
    is the same in all runs. numbered: whether the hash of its setting stands in its name, as another setting of the
    task has the same overrides.
    """

    attention: str
    setting: str
    shared: frozenset[str]
    runs: tuple[Finished, ...]
    apart: Mapping[str, Any] | None = None
    numbered: bool = False

    @property
    def departure(self) -> Departure:
        return Departure.of(self.runs[0].record, self.shared, self.apart)

    @property
    def key(self) -> tuple[str, str]:
        """What tells it apart from the other groups of its task."""
        return self.attention, self.setting

    def name(self, but: Collection[str] = ()) -> str:
        """The mechanism with its overrides: the same on every data set. but: knobs to leave out."""
        found = self.departure.name(self.attention, but)
        return in_brackets(found, self.setting) if self.numbered and self.setting else found

    def names(self, but: Collection[str] = ()) -> Names:
        """Its name, and that with the marks of what its runs have seen or read. but: knobs to leave out."""
        name = self.name(but)
        return Names(name, marked(name, self.runs))

    @property
    def label(self) -> str:
        return self.names().label

    @property
    def short(self) -> str:
        """The label for cells that list overrides as notes: the mechanism, and its experiment where that is named."""
        return self.label if self.departure.is_long else marked(self.attention, self.runs)

    @property
    def control(self) -> str:
        """The control of this mechanism, which differs only in where it looks; "" where none is named."""
        return str(self.runs[0].record.get("control") or "")

    @property
    def is_control(self) -> bool:
        """Whether this mechanism is a control, by its record."""
        return bool(self.runs[0].record.get("is_control"))

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(run.address.seed for run in self.runs)

    @property
    def side(self) -> int:
        """The longer side of the images, in pixels."""
        return max(int(size) for size in self.runs[0].record["image_shape"][-2:])

    @property
    def quality(self) -> Quality:
        return Quality(self.runs[0].headline)

    def score(self, mode: str) -> Estimate | None:
        """The primary metric on the test split in an evaluation mode; None where no run measured it."""
        found = [value for run in self.runs if (value := run.score(mode)) is not None]
        if not found:
            return None
        mean, headline = float(np.mean(found)), self.quality.headline
        known = self.numbers("test", mode, "standard_error")
        error = float(np.sqrt(np.mean(np.square(known)))) if known else 0.0
        if headline.binary:
            return share_estimate(found, self.runs[0].test_images, error)
        most = 1.0 if headline.percent else np.inf
        return estimate(found, inside(normal_interval(mean, error), found, most) if known else None, most)

    def measure(self, *path: str) -> Estimate | None:
        """Another number of the record over seeds, by its path of keys; None where no run has it."""
        found = self.numbers(*path)
        return estimate(found, None, np.inf) if found else None

    def numbers(self, *path: str) -> list[float]:
        """That number of each run that has it."""
        return [value for run in self.runs if (value := deep(run.record, path)) is not None]


@final
@dataclass(frozen=True)
class ReportTask:
    """The groups that were tested on the same images, best first. Only groups of one task are compared."""

    name: str
    data: str
    origin: str
    fingerprint: str
    groups: tuple[Group, ...]

    @property
    def quality(self) -> Quality:
        """Its primary metric."""
        return self.groups[0].quality

    @property
    def modes(self) -> list[str]:
        """Every evaluation mode that some run of the task measured."""
        seen = {mode for group in self.groups for run in group.runs for mode in run.record["test"]} - {"images"}
        seen = {mode for mode in seen if any(group.score(mode) for group in self.groups)}
        return [mode for mode in MODES if mode in seen] + sorted(seen - set(MODES))

    @property
    def test_images(self) -> int:
        return self.groups[0].runs[0].test_images

    def place_of(self, attention: str) -> int | None:
        """The index of a mechanism at its defaults, else of its best setting; None where it was not run."""
        places = [place for place, group in enumerate(self.groups) if group.attention == attention]
        return min(places, key=lambda place: (self.groups[place].setting != "", place), default=None)

    def counterparts(self, group: Group, attention: str) -> list[int]:
        """The indices of the groups of a mechanism whose overrides are those of the given group, but for the policy's.
        Those at their defaults first.
        """
        wanted = group.departure.elsewhere
        places = [
            place
            for place, other in enumerate(self.groups)
            if other.attention == attention and other.departure.elsewhere == wanted
        ]
        return sorted(places, key=lambda place: (self.groups[place].setting != "", place))

    def reference(self, group: Group, attention: str) -> int | None:
        """The index of the group of a mechanism that the given group is set beside: of the same overrides but for the
        policy's, else at its defaults, else of its best setting. None where that mechanism was not run.
        """
        return next(iter(self.counterparts(group, attention)), self.place_of(attention))


def group_tasks(finished: Sequence[Finished]) -> list[ReportTask]:
    """The tasks of a study: one for each data set, set of test images and primary metric. Most runs first."""
    by_task: dict[tuple[str, str, str], list[Finished]] = defaultdict(list)
    for run in finished:
        by_task[run.address.data, run.fingerprint, run.headline.key].append(run)
    shared = frozenset(in_common(finished))
    ordered = sorted(by_task.items(), key=lambda item: (item[0][0], -len(item[1]), item[0][1]))
    return [
        ReportTask(task_name(key, by_task), key[0], str(runs[0].record["origin"]), key[1], group_runs(runs, shared))
        for key, runs in ordered
    ]


def task_name(of: tuple[str, str, str], by_task: Mapping[tuple[str, str, str], list[Finished]]) -> str:
    """The data set's name; with the image size, or else the fingerprint, where it has several sets of test images; with
    the primary metric where that differs too.
    """
    data, fingerprint, measured = of
    if len({key[2] for key in by_task if key[0] == data}) > 1:
        return f"{data}, canvases {fingerprint[:8]}, {measured}"
    shapes = {key[1]: tuple(runs[0].record["image_shape"][-2:]) for key, runs in by_task.items() if key[0] == data}
    if len(shapes) == 1:
        return data
    if len(set(shapes.values())) == len(shapes):
        return f"{data} at {' x '.join(str(size) for size in shapes[fingerprint])} px"
    return f"{data}, canvases {fingerprint[:8]}"


def group_runs(runs: Sequence[Finished], shared: frozenset[str]) -> tuple[Group, ...]:
    """One task's groups, the best first."""
    by_group: dict[tuple[str, str], list[Finished]] = defaultdict(list)
    for run in runs:
        by_group[run.address.attention, run.address.setting].append(run)
    alike = {
        attention: in_common([run for run in runs if run.address.attention == attention]) for attention, _ in by_group
    }
    of_experiment: dict[tuple[str, str], list[Finished]] = defaultdict(list)
    for run in runs:
        of_experiment[run.address.attention, str(run.record.get("experiment", ""))].append(run)
    changed = {key: versions(found) if key[1] else {} for key, found in of_experiment.items()}
    groups = [
        Group(
            attention, setting, shared | following(alike[attention], shared), tuple(members),
            changed[attention, str(members[0].record.get("experiment", ""))].get(setting),
        )
        for (attention, setting), members in by_group.items()
    ]  # fmt: skip
    return tuple(sorted(told_apart(groups), key=lambda group: (rank(group), group.label)))


def told_apart(groups: Sequence[Group]) -> list[Group]:
    """The groups; those whose overrides are the same with the hash of their setting in their name. So it is where the
    values of a choice's file changed between two runs.
    """
    names = Counter(group.name() for group in groups)
    return [replace(group, numbered=True) if names[group.name()] > 1 else group for group in groups]


def rank(group: Group) -> float:
    """Sort key: the primary metric turned so that lower is better; a group without one comes last."""
    found = group.score(HEADLINE)
    return group.quality.loss(found.mean) if found else np.inf
