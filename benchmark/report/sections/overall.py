"""All tasks of a study in one table: mechanism x task, on one scale, with the cost."""

from collections.abc import Sequence

from benchmark.report.analysis import formats
from benchmark.report.analysis.aggregates import improvement
from benchmark.report.analysis.grouping import HEADLINE, Group, ReportTask
from benchmark.report.analysis.normalised import Normalised, TaskScale, normalised, scales, scores
from benchmark.report.draw.table import Table, TableCell
from benchmark.report.sections.tables import NOTHING


def overall(tasks: Sequence[ReportTask]) -> Table:
    """One row for each mechanism; no rows where fewer than two tasks have both ends of the scale."""
    ends = scales(tasks)
    rows = [table_row(found, ends) for found in normalised(ends)] if len(ends) > 1 else []
    heads = ("mechanism", "all tasks", "beats the control", *(each.task.name for each in ends))
    where = "; ".join(f"{each.task.name}: {each.worst.label} and {each.best.label}" for each in ends)
    return Table(
        "All tasks",
        f"Scores between 0, random glimpses, and 1, the best of the other controls ({where}); both ends are taken as "
        "they were measured. All tasks: the interquartile mean over tasks and seeds with its 95 % interval for new "
        "seeds; the tasks are given. Beats the control: how probably a new seed is better than a new seed of that best "
        "control, on a task drawn at random, with the 95 % interval. Small: the primary metric, the seeds and the "
        "multiply-adds of an image.",
        heads,
        tuple(rows),
    )


def table_row(found: Normalised, ends: Sequence[TaskScale]) -> tuple[TableCell, ...]:
    """The interquartile mean, the probability of improvement over the best controls, then each task."""
    cells = [cell(group, float(score_S.mean()) if len(score_S) else None)
             for group, score_S in zip(found.groups_T, found.score_TS, strict=True)]  # fmt: skip
    return (TableCell(found.label), overall_cell(found), improvement_cell(found, ends), *cells)


def overall_cell(found: Normalised) -> TableCell:
    """The interquartile mean with its interval."""
    middle = found.overall
    if middle is None:
        return NOTHING
    span = formats.span(middle.interval, 1, 2) if middle.interval else "one seed"
    return TableCell(formats.minus(f"{middle.difference:.2f}"), (span,))


def improvement_cell(found: Normalised, ends: Sequence[TaskScale]) -> TableCell:
    """The probability that a mechanism on all tasks beats the best control."""
    if found.overall is None:
        return NOTHING
    share, interval = improvement(found.score_TS, [scores(each, each.best) for each in ends])
    return TableCell(f"{100 * share:.0f} %", (formats.span(interval, 100, 0),))


def cell(group: Group | None, score: float | None) -> TableCell:
    """A mechanism on a task."""
    measured = group.score(HEADLINE) if group else None
    if group is None or measured is None or score is None:
        return NOTHING
    quality, adds = group.quality, group.measure("cost", "multiply_adds")
    notes = [
        f"{quality.name} {quality.written(measured.mean)}{quality.unit}, {formats.plural(len(group.runs), 'seed')}",
        *([f"{formats.count(adds.mean)} multiply-adds"] if adds else []),
    ]
    return TableCell(formats.minus(f"{score:.2f}"), tuple(notes))
