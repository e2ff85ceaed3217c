"""The sections of a report: everything on one set of test canvases, part by part, in the order of reading."""

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
    overlap,
    pairs,
    places,
    sequences,
    tables,
    verdicts,
)
from benchmark.report.sections.pictures import Picture, gallery


@final
@dataclass(frozen=True)
class Part:
    """A stretch of the report under one heading: figures, then tables, then those folded away."""

    name: str
    figures: tuple[Figure, ...]
    tables: tuple[Table, ...]
    folded: tuple[Table, ...] = ()


@final
@dataclass(frozen=True)
class TaskSection:
    """Everything on one set of test canvases. comparisons: by evaluation mode."""

    task: ReportTask
    predictions: Mapping[Path, Predictions]
    comparisons: Mapping[str, Sequence[Comparison]]
    parts: tuple[Part, ...]
    pictures: tuple[Picture, ...]


def task_section(
    task: ReportTask,
    numbers: Sequence[Published],
    look: Mapping[str, SeriesStyle],
    learning: gains.Learning,
) -> TaskSection:
    """One task's tables and figures; a part without anything to show has no rows and no figures."""
    predictions = read_task(task)
    comparisons = {mode: compare(task, predictions, mode) for mode in task.modes}
    headline = comparisons.get(HEADLINE, [])
    parts = [
        Part(
            task.quality.title,
            present(figures.bars(task, numbers, look), figures.scatter(task, look)),
            (tables.errors(task, numbers),),
        )
    ]
    parts.append(Part("Early exit", present(exits.figure(task, look)), (), (exits.table(task),)))
    parts.append(Part("Categories", (), (categories.table(task),), (categories.pairs(task),)))
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
                present(figures.overlap(task, predictions, look)),
                (),
                (tables.overlaps(task, predictions),),
            )
        )
    parts.append(Part("Where it looked", present(places.figure(task, look)), (places.table(task),)))
    parts.append(Part("Cost", (), (tables.costs(task),)))
    parts.append(Part("Published on these data", (), (), (verdicts.literature(task, numbers),)))
    parts = [part for part in parts if shown(part)]
    return TaskSection(task, predictions, comparisons, tuple(parts), tuple(gallery(task)))


def learning_of(task: ReportTask, curves: Mapping[Tracked, Sequence[Curve]]) -> gains.Learning:
    """How a task's mechanisms learned what they are judged by."""
    (found,) = [held for of, held in curves.items() if of.key == task.quality.headline.monitor] or [()]
    return gains.Learning(found, task.quality.loss(1.0))


def present(*found: Figure | None) -> tuple[Figure, ...]:
    """The figures that there are."""
    return tuple(figure for figure in found if figure)


def shown(part: Part) -> bool:
    """Whether a part has anything to show."""
    return bool(part.figures or any(table.rows for table in (*part.tables, *part.folded)))
