"""What a model loses when the part of the image that it attends to is covered."""

from benchmark.report.analysis.formats import plural
from benchmark.report.analysis.grouping import HEADLINE, Group, ReportTask
from benchmark.report.draw.table import Table, TableCell
from benchmark.report.sections.tables import NOTHING, name_cell

WHOLE, MASKED, ELSEWHERE = "", "masked", "masked_elsewhere"
"""The keys of a record's `localisation`; the primary metric itself for the whole image."""


def table(task: ReportTask) -> Table:
    """The primary metric on whole images, on masked ones, and what attention has to do with the difference; no rows
    where it was not measured.
    """
    quality = task.quality
    rows = []
    for group in task.groups:
        means = [mean_of(group, key) for key in (WHOLE, MASKED, ELSEWHERE)]
        _, masked, elsewhere = means
        if masked is not None and elsewhere is not None:
            harm = TableCell(quality.difference(masked - elsewhere), (plural(len(group.runs), "seed"),))
            cells = [NOTHING if mean is None else TableCell(quality.written(mean)) for mean in means]
            rows.append((name_cell(group), *cells, harm))
    return Table(
        f"{task.name}: without what it attends to",
        f"The {quality.name} of the mean policy where the tenth of the pixels that it attends to most is covered, and "
        "where as many are covered by the mask of another image. Their difference is what the attended place is worth. "
        f"{quality.direction}",
        ("mechanism", "whole image", "attended part covered", "as much elsewhere", f"difference{quality.points}"),
        tuple(rows),
    )


def mean_of(group: Group, key: str) -> float | None:
    """The mean over seeds."""
    found = group.measure("localisation", HEADLINE, key) if key else group.score(HEADLINE)
    return found.mean if found else None
