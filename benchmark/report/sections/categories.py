"""What was taken for what, where an answer is one category of many."""

from collections.abc import Iterator, Mapping
from typing import Any

from benchmark.report.analysis import formats
from benchmark.report.analysis.grouping import HEADLINE, Group, ReportTask
from benchmark.report.draw.table import Table, TableCell
from benchmark.report.sections.tables import NOTHING, measured_cell, name_cell

SHARES: Mapping[str, str] = {
    "class_error": "per class, %", "error": "top-1, %", "top5_error": "top-5, %",
}  # fmt: skip


def table(task: ReportTask) -> Table:
    """Errors of categories, per class and over images; without rows where no category is told from others."""
    rows = [
        (name_cell(group), *(measured_cell(group.measure("test", HEADLINE, key), formats.percent) for key in SHARES))
        for group in task.groups
        if group.measure("test", HEADLINE, "class_error")
    ]
    return Table(
        f"{task.name}: errors of categories",
        "Mean policy, means over seeds. Per class: one less the mean over categories of the share named rightly, the "
        "papers' measure. Top-1: of all images. Top-5: the true one is not among the five likeliest.",
        ("mechanism", *SHARES.values()),
        tuple(rows),
    )


def confused(group: Group) -> Iterator[Mapping[str, Any]]:
    """The pairs of a group's first run, as its record names them."""
    scores = group.runs[0].record["test"].get(HEADLINE)
    held = scores.get("confused") if isinstance(scores, Mapping) else None
    for pair in held if isinstance(held, list) else ():
        if isinstance(pair, Mapping) and {"true", "said", "images", "of"} <= pair.keys():
            yield pair


def pairs(task: ReportTask) -> Table:
    """The pairs most often confused, of each mechanism's first seed."""
    columns = [(group, list(confused(group))) for group in task.groups]
    columns = [(group, found) for group, found in columns if found]
    longest = max((len(found) for _, found in columns), default=0)
    rows = [
        (
            TableCell(f"{place + 1}"),
            *(pair_cell(found[place]) if place < len(found) else NOTHING for _, found in columns),
        )
        for place in range(longest)
    ]
    return Table(
        f"{task.name}: most confused",
        "The true category, what it was taken for, and how often, of how many; mean policy, first seed.",
        ("place", *(group.label for group, _ in columns)),
        tuple(rows),
        "words",
    )


def pair_cell(pair: Mapping[str, Any]) -> TableCell:
    return TableCell(f"{pair['true']} → {pair['said']}", (f"{pair['images']} of {pair['of']}",))
