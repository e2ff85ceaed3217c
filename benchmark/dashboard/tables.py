"""The tables of a study as W&B shows them: one row for each number, from the same estimates as the HTML report.

Shares are in percent, as in the report. A number that was not measured is None.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from benchmark.report.analysis.estimates import Estimate
from benchmark.report.analysis.grouping import HEADLINE, MODES, Group, ReportTask
from benchmark.report.analysis.published import Published, judge_number, published_for
from benchmark.report.analysis.quality import Quality
from benchmark.report.read.folders import Study
from benchmark.report.sections.tables import COSTS
from benchmark.results.vocabulary import COMPARISON, named
from datamodules.printable import printable

RESULTS, MODES_KEY, COST, PUBLISHED, UNFINISHED = (
    named(COMPARISON, name) for name in ("results", "evaluation_modes", "cost", "published", "runs_without_result")
)
"""Names of the tables in W&B."""
NAMES = ("task", "mechanism")
SCORE = ("value", "low", "high", "interval", "seeds")
"""A mean over seeds with its 95 % interval, and what that covers."""


class StudyTable(NamedTuple):
    """A table, ready to be sent. key: its name in W&B."""

    key: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


def study_tables(study: Study, tasks: Sequence[ReportTask], numbers: Sequence[Published]) -> list[StudyTable]:
    """All tables of a study, empty ones too: they replace those of an earlier call."""
    groups = [(task, group) for task in tasks for group in task.groups]
    return [
        made(RESULTS, (*NAMES, *SCORE, "measure", "better", "test_images", "multiply_adds", "chart"),
             (result(*each) for each in groups)),
        made(MODES_KEY, (*NAMES, "mode", *SCORE), (row for each in groups for row in modes(*each))),
        made(COST, (*NAMES, "measure", "value", "lowest", "highest"), (row for each in groups for row in costs(*each))),
        made(PUBLISHED, (*NAMES, *SCORE, "published", "system", "source", "verdict", "reason"),
             (row for each in groups for row in published(*each, numbers))),
        made(UNFINISHED, ("run", "seed", "setting", "state", "epoch", "last_update", "message"), unfinished(study)),
    ]  # fmt: skip


def made(key: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> StudyTable:
    """A table whose texts, which may quote damaged files, are safe to show."""
    return StudyTable(
        key, list(columns), [[printable(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    )


def score(found: Estimate | None, quality: Quality) -> list[Any]:
    """The columns SCORE."""
    if found is None:
        return [None, None, None, "", 0]
    low, high = found.shown if found.interval or found.images else (None, None)
    ends = [None if end is None else quality.factor * end for end in (low, high)]
    return [quality.factor * found.mean, *ends, found.about, len(found.scores)]


def result(task: ReportTask, group: Group) -> list[Any]:
    """The primary metric of a mechanism on a task, glimpses at the policy's mode."""
    quality, adds = group.quality, group.measure("cost", "multiply_adds")
    better = "higher" if quality.headline.higher_is_better else "lower"
    return [
        task.name, group.label, *score(group.score(HEADLINE), quality), quality.head, better, task.test_images,
        adds.mean if adds else None, f"{task.name}: test {quality.head} ({better} is better)",
    ]  # fmt: skip


def modes(task: ReportTask, group: Group) -> Iterable[list[Any]]:
    """The primary metric in every evaluation mode."""
    for mode in task.modes:
        if found := group.score(mode):
            yield [task.name, group.label, MODES.get(mode, mode), *score(found, group.quality)]


def costs(task: ReportTask, group: Group) -> Iterable[list[Any]]:
    """Every cost: mean, lowest and highest seed. Times are in seconds, memory in bytes."""
    for key in COSTS:
        if found := group.measure("cost", key):
            yield [task.name, group.label, key, found.mean, min(found.scores), max(found.scores)]


def published(task: ReportTask, group: Group, numbers: Sequence[Published]) -> Iterable[list[Any]]:
    """The measured primary metric beside each published number of the mechanism and data set."""
    measured = group.score(HEADLINE)
    for entry in published_for(numbers, group):
        if measured is not None:
            verdict = judge_number(entry, group, measured)
            yield [
                task.name, group.label, *score(measured, group.quality), entry.value, entry.system, entry.source,
                verdict.word, verdict.reason,
            ]  # fmt: skip


def unfinished(study: Study) -> Iterable[list[Any]]:
    """The runs without a usable record, with the reason."""
    for run in study.unfinished:
        where = run.address
        yield [
            f"{where.attention} on {where.data}", where.seed, where.setting, run.state, run.epoch, run.updated,
            run.message,
        ]  # fmt: skip
