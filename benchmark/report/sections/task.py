"""The section of a report on one task (one data set and one set of test images), in the order of reading."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from benchmark.report.analysis.comparisons import Comparison, compare
from benchmark.report.analysis.curves import Curve, Tracked
from benchmark.report.analysis.grouping import HEADLINE, ReportTask
from benchmark.report.analysis.predictions import Predictions, read_task
from benchmark.report.analysis.published import Published
from benchmark.report.draw.chart import Figure
from benchmark.report.draw.palette import SeriesStyle
from benchmark.report.draw.table import Table
from benchmark.report.sections import (
    captions,
    categories,
    exits,
    figures,
    gains,
    masking,
    overlap,
    pairs,
    places,
    sequences,
    soon,
    tables,
    verdicts,
)
from benchmark.report.sections.pictures import Picture, gallery


@final
@dataclass(frozen=True)
class Part:
    """One heading of the report: its figures, its tables, and the tables that are collapsed at first."""

    name: str
    figures: tuple[Figure, ...]
    tables: tuple[Table, ...]
    folded: tuple[Table, ...] = ()


@final
@dataclass(frozen=True)
class TaskSection:
    """Everything on one task. comparisons: by evaluation mode."""

    task: ReportTask
    predictions: Mapping[Path, Predictions]
    comparisons: Mapping[str, Sequence[Comparison]]
    parts: tuple[Part, ...]
    pictures: tuple[Picture, ...]


def task_section(
    task: ReportTask,
    numbers: Sequence[Published],
    styles: Mapping[str, SeriesStyle],
    learning: gains.Learning,
) -> TaskSection:
    """One task's tables, figures and pictures; parts without any are left out."""
    predictions = read_task(task)
    comparisons = {mode: compare(task, predictions, mode) for mode in task.modes}
    headline = comparisons.get(HEADLINE, [])
    parts = [
        Part(
            task.quality.title,
            present(figures.bars(task, numbers, styles), figures.scatter(task, styles)),
            (tables.errors(task, numbers),),
        )
    ]
    parts.append(Part("Early exit", present(exits.figure(task, styles)), (), (exits.table(task),)))
    parts.append(Part("Classification", (), (categories.table(task),), (categories.pairs(task),)))
    parts.append(Part("Captions", (), (captions.scores(task, numbers), captions.maps(task))))
    parts.append(Part("Parts of a sequence", (), (sequences.table(task),)))
    parts.append(Part("Against no attention", (), (gains.table(task, headline, learning),)))
    if headline:
        found = (pairs.against(task, headline),), (pairs.matrix(task, headline),)
        parts.append(Part("Differences", (), *found))
    if overlap.has_overlap(predictions, task.quality.headline.binary):
        parts.append(
            Part(
                "Overlap of the digits",
                present(figures.overlap(task, predictions, styles)),
                (),
                (tables.overlaps(task, predictions),),
            )
        )
    parts.append(
        Part("Where it looked", present(places.figure(task, styles)), (places.table(task), masking.table(task)))
    )
    parts.append(Part("Cost", (), (tables.costs(task),)))
    parts.append(Part("How soon", (), (soon.table(task),)))
    parts.append(Part("Published on these data", (), (), (verdicts.literature(task, numbers),)))
    parts = [part for part in parts if shown(part)]
    return TaskSection(task, predictions, comparisons, tuple(parts), tuple(gallery(task)))


def learning_of(task: ReportTask, curves: Mapping[Tracked, Sequence[Curve]]) -> gains.Learning:
    """The validation curves of a task's primary metric."""
    (found,) = [held for of, held in curves.items() if of.key == task.quality.headline.monitor] or [()]
    return gains.Learning(found, task.quality.loss(1.0))


def present(*found: Figure | None) -> tuple[Figure, ...]:
    """The figures that are not None."""
    return tuple(figure for figure in found if figure)


def shown(part: Part) -> bool:
    """Whether a part has anything to show."""
    return bool(part.figures or any(table.rows for table in (*part.tables, *part.folded)))
