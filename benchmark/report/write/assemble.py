"""Assembles the report of a study: every table, figure and picture, in the order of reading."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar, final

from benchmark.report.analysis.curves import Curve, Tracked, curves_by_data
from benchmark.report.analysis.grouping import Group, ReportTask, group_tasks
from benchmark.report.analysis.published import read_published
from benchmark.report.draw.chart import Figure
from benchmark.report.draw.palette import SeriesStyle, series_styles
from benchmark.report.draw.table import Table
from benchmark.report.read.folders import Study
from benchmark.report.read.records import unsealed
from benchmark.report.sections import facts, leaderboard, sizes, verdicts
from benchmark.report.sections.gradients import gradient_parts
from benchmark.report.sections.learning import learning_figures
from benchmark.report.sections.overall import overall
from benchmark.report.sections.task import Part, TaskSection, learning_of, present, task_section

S = TypeVar("S")
T = TypeVar("T")


@final
@dataclass(frozen=True)
class DataSection:
    """The sections on a data set over all its tasks: image sizes, and learning curves by metric with their charts."""

    data: str
    sizes: Part
    curves: Mapping[Tracked, Sequence[Curve]]
    learning: tuple[tuple[str, tuple[Figure, ...]], ...]


@final
@dataclass(frozen=True)
class Report:
    """A whole report, ready to be rendered. overall: of all tasks together. faults: a sentence for each section that
    could not be made. gradients: a part for each measurement of estimators.
    """

    study: Study
    facts: list[tuple[str, str]]
    warnings: list[str]
    overall: tuple[Table, ...]
    tasks: list[TaskSection]
    data: list[DataSection]
    verdicts: tuple[Table, ...]
    runs: tuple[Table, ...]
    faults: tuple[str, ...] = ()
    gradients: tuple[Part, ...] = ()

    @property
    def all_tables(self) -> list[Table]:
        """Every table that has rows, in order."""
        parts = [part for section in self.tasks for part in section.parts] + [section.sizes for section in self.data]
        parts += self.gradients
        found = [table for part in parts for table in (*part.tables, *part.folded)]
        return [table for table in (*self.overall, *found, *self.verdicts, *self.runs) if table.rows]


def assemble(study: Study) -> Report:
    """The report of a study. A section that fails is left out and named in `faults`."""
    numbers = read_published()
    tasks = group_tasks(study.finished)
    called = {(task.data, *group.key): group.names() for task in tasks for group in task.groups}
    curves = curves_by_data(study, called)
    data_sets = sorted({task.data for task in tasks} | set(curves))
    lines = {data: sizes.errors_by_side([task for task in tasks if task.data == data]) for data in data_sets}
    adds = {data: sizes.costs(groups_of(data, tasks)) for data in data_sets}
    drawn = [curve for by_key in curves.values() for found in by_key.values() for curve in found]
    everyone = [
        *called.values(),
        *(curve.names for curve in drawn),
        *(names for rows in lines.values() for names, _ in rows),
        *(names for rows in adds.values() for names, _ in rows),
    ]
    styles = series_styles(names.name for names in everyone)
    faults: list[str] = []

    def section_of(task: ReportTask) -> TaskSection:
        return task_section(task, numbers, styles, learning_of(task, curves.get(task.data, {})))

    def data_of(data: str) -> DataSection:
        return data_section(data, adds[data], lines[data], curves.get(data, {}), styles, tasks)

    sections = all_made(section_of, tasks, lambda task: task.name, faults)
    spans = all_made(data_of, data_sets, lambda data: f"sizes and learning curves of {data}", faults)
    gradients, unread = gradient_parts(study.folder)
    together = all_made(overall, [tasks], lambda of: "all tasks", faults)
    unlearned = [words for section in sections for words in facts.unlearned(section.task, section.predictions)]
    warnings = [*faults, *unread, *unsealed(study), *unlearned, *facts.warnings(study, tasks)]
    return Report(
        study, facts.facts(study, tasks), warnings,
        tuple(together), sections, spans,
        (verdicts.against_numbers(tasks, numbers), *leaderboard.tables(tasks)),
        (verdicts.unfinished(study), verdicts.remarks(study)), tuple(faults), gradients,
    )  # fmt: skip


def all_made(make: Callable[[T], S], of: Sequence[T], name: Callable[[T], str], faults: list[str]) -> list[S]:
    """make(each) for all that do not raise; for each that raises, a sentence is appended to `faults`."""
    found = []
    for each in of:
        try:
            found.append(make(each))
        except Exception as error:
            what = f"The section on {name(each)} could not be made ({described(error)})."
            faults.append(f"{what} Most likely a file of a run is damaged.")
    return found


def described(error: Exception) -> str:
    """An unexpected error on one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


def groups_of(data: str, tasks: Sequence[ReportTask]) -> list[Group]:
    """The groups of all tasks on a data set."""
    return [group for task in tasks if task.data == data for group in task.groups]


def data_section(
    data: str,
    rows: sizes.CostRows,
    lines: sizes.ErrorRows,
    curves: Mapping[Tracked, Sequence[Curve]],
    styles: Mapping[str, SeriesStyle],
    tasks: Sequence[ReportTask],
) -> DataSection:
    """The image sizes and learning curves of one data set."""
    quality = next((task.quality for task in tasks if task.data == data), None)
    drawn = present(
        sizes.cost_figure(data, rows, styles) if rows else None,
        sizes.error_figure(data, lines, styles, quality) if lines and quality else None,
    )
    held = ((sizes.cost_table(data, rows),) if rows else ()) + (
        (sizes.error_table(data, lines, quality),) if lines and quality else ()
    )
    drawn_curves = ((of.name, learning_figures(found, of, data, styles)) for of, found in curves.items() if found)
    learning = tuple((key, tuple(figures)) for key, figures in drawn_curves)
    return DataSection(data, Part("Image size", drawn, held), curves, learning)
