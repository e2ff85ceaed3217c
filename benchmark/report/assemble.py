"""Puts a study's report together: every table, figure and picture, in the order in which they are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from benchmark.report import facts, figures, gains, overlap, places, sequences, sizes, tables, verdicts
from benchmark.report.chart import Figure
from benchmark.report.comparisons import Comparison, compare
from benchmark.report.curves import KEYS, Curve, curves_by_data
from benchmark.report.folders import Study
from benchmark.report.grouping import HEADLINE, Group, Task, group_tasks
from benchmark.report.learning import learning_figures
from benchmark.report.palette import Look, looks
from benchmark.report.pictures import Picture, gallery
from benchmark.report.predictions import Predictions, read_task
from benchmark.report.published import Published, read_published
from benchmark.report.table import Table


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

    task: Task
    predictions: Mapping[Path, Predictions]
    comparisons: Mapping[str, Sequence[Comparison]]
    parts: tuple[Part, ...]
    pictures: tuple[Picture, ...]


@final
@dataclass(frozen=True)
class DataSection:
    """What spans the canvases of one data set: sizes, and learning curves by metric with the small charts of each."""

    data: str
    sizes: Part
    curves: Mapping[str, Sequence[Curve]]
    learning: tuple[tuple[str, tuple[Figure, ...]], ...]


@final
@dataclass(frozen=True)
class Report:
    """A whole report, ready to be shown."""

    study: Study
    facts: list[tuple[str, str]]
    warnings: list[str]
    tasks: list[TaskSection]
    data: list[DataSection]
    verdicts: tuple[Table, ...]
    runs: tuple[Table, ...]
    draws: int

    @property
    def all_tables(self) -> list[Table]:
        """Every table that has rows, in order."""
        parts = [part for section in self.tasks for part in section.parts] + [section.sizes for section in self.data]
        found = [table for part in parts for table in (*part.tables, *part.folded)]
        return [table for table in (*found, *self.verdicts, *self.runs) if table.rows]


def assemble(study: Study, generator: np.random.Generator, draws: int) -> Report:
    """The report of a study. draws: of each bootstrap; generator: their only source of chance."""
    numbers, claims = read_published()
    tasks = group_tasks(study.finished)
    labels = {(group.attention, group.setting): group.label for task in tasks for group in task.groups}
    curves = curves_by_data(study, labels)
    data_sets = sorted({task.data for task in tasks} | set(curves))
    lines = {data: sizes.errors_by_side([task for task in tasks if task.data == data]) for data in data_sets}
    adds = {data: sizes.costs(groups_of(data, tasks)) for data in data_sets}
    drawn = [curve for by_key in curves.values() for found in by_key.values() for curve in found]
    names = [
        *labels.values(),
        *(curve.label for curve in drawn),
        *(label for rows in lines.values() for label, _ in rows),
        *(label for rows in adds.values() for label, _ in rows),
    ]
    look = looks(names)
    learning = {data: gains.Learning(found.get("val/error", ())) for data, found in curves.items()}
    nothing = gains.Learning(())
    sections = [task_section(task, numbers, look, learning.get(task.data, nothing), generator, draws) for task in tasks]
    headline = {section.task.name: section.comparisons.get(HEADLINE, ()) for section in sections}
    return Report(
        study, facts.facts(study, tasks), facts.warnings(study, tasks), sections,
        [data_section(data, adds[data], lines[data], curves.get(data, {}), look) for data in data_sets],
        (verdicts.against_numbers(tasks, numbers), verdicts.against_claims(tasks, claims, headline)),
        (verdicts.unfinished(study), verdicts.remarks(study)), draws,
    )  # fmt: skip


def task_section(
    task: Task,
    numbers: Sequence[Published],
    look: Mapping[str, Look],
    learning: gains.Learning,
    generator: np.random.Generator,
    draws: int,
) -> TaskSection:
    """One task's tables and figures; a part without anything to show has no rows and no figures."""
    predictions = read_task(task)
    comparisons = {mode: compare(task, predictions, mode, generator, draws) for mode in task.modes}
    headline = comparisons.get(HEADLINE, [])
    parts = [
        Part(
            "Error",
            present(figures.bars(task, numbers, look), figures.scatter(task, look)),
            (tables.errors(task, numbers),),
        )
    ]
    parts.append(Part("Parts of a sequence", (), (sequences.table(task),)))
    parts.append(Part("Against no attention", (), (gains.table(task, headline, learning),)))
    if headline:
        pairs = tables.against(task, headline), tables.matrix(task, headline)
        parts.append(Part("Paired comparisons", (), pairs[:1], pairs[1:]))
    if overlap.has_overlap(predictions):
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
    parts = [part for part in parts if shown(part)]
    return TaskSection(task, predictions, comparisons, tuple(parts), tuple(gallery(task)))


def present(*found: Figure | None) -> tuple[Figure, ...]:
    """The figures that there are."""
    return tuple(figure for figure in found if figure)


def shown(part: Part) -> bool:
    """Whether a part has anything to show."""
    return bool(part.figures or any(table.rows for table in part.tables))


def groups_of(data: str, tasks: Sequence[Task]) -> list[Group]:
    """The groups of all canvases of a data set."""
    return [group for task in tasks if task.data == data for group in task.groups]


def data_section(
    data: str,
    rows: sizes.CostRows,
    lines: sizes.ErrorRows,
    curves: Mapping[str, Sequence[Curve]],
    look: Mapping[str, Look],
) -> DataSection:
    """One data set's sizes and learning curves."""
    drawn = present(
        sizes.cost_figure(data, rows, look) if rows else None, sizes.error_figure(data, lines, look) if lines else None
    )
    held = ((sizes.cost_table(data, rows),) if rows else ()) + ((sizes.error_table(data, lines),) if lines else ())
    drawn_curves = ((KEYS[key], learning_figures(found, key, data, look)) for key, found in curves.items() if found)
    learning = tuple((key, tuple(figures)) for key, figures in drawn_curves)
    return DataSection(data, Part("Image size", drawn, held), curves, learning)
