"""What a model loses when the part of the image that it attends to is covered."""

from benchmark.report.analysis.formats import plural
from benchmark.report.analysis.grouping import HEADLINE, ReportTask
from benchmark.report.draw.table import Table, TableCell
from benchmark.report.sections.tables import name_cell

MASKED, ELSEWHERE = "masked", "masked_elsewhere"
"""The keys of a record's `localisation`."""


def table(task: ReportTask) -> Table:
    """The primary metric on whole images, on masked ones, and what attention has to do with the difference; no rows
    where it was not measured.
    """
    quality = task.quality
    rows = []
    for group in task.groups:
        whole = group.score(HEADLINE)
        masked, elsewhere = (group.measure("localisation", HEADLINE, key) for key in (MASKED, ELSEWHERE))
        if whole and masked and elsewhere:
            cells = [TableCell(quality.written(found.mean)) for found in (whole, masked, elsewhere)]
            harm = quality.difference(masked.mean - elsewhere.mean)
            rows.append((name_cell(group), *cells, TableCell(harm, (plural(len(group.runs), "seed"),))))
    return Table(
        f"{task.name}: without what it attends to",
        f"The {quality.name} of the mean policy where the tenth of the pixels that it attends to most is covered, and "
        "where as many are covered by the mask of another image. Their difference is what the attended place is worth. "
        f"{quality.direction}",
        ("mechanism", "whole image", "attended part covered", "as much elsewhere", f"difference{quality.points}"),
        tuple(rows),
    )
