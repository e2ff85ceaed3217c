"""Tables for image classification: errors, and the classes that are confused most often."""

from collections.abc import Iterator, Mapping
from typing import Any

from benchmark.report.analysis import formats
from benchmark.report.analysis.grouping import HEADLINE, Group, ReportTask
from benchmark.report.draw.table import Table, TableCell
from benchmark.report.read.folders import entry
from benchmark.report.sections.tables import NOTHING, measured_cell, name_cell

SHARES: Mapping[str, str] = {
    "class_error": "per class, %", "error": "top-1, %", "top5_error": "top-5, %",
}  # fmt: skip


def table(task: ReportTask) -> Table:
    """Classification errors, per class and over images; no rows for tasks that are not classification."""
    rows = [
        (name_cell(group), *(measured_cell(group.measure("test", HEADLINE, key), formats.percent) for key in SHARES))
        for group in task.groups
        if group.measure("test", HEADLINE, "class_error")
    ]
    return Table(
        f"{task.name}: classification errors",
        "Mean policy, means over seeds. Per class: 1 - mean per-class recall, the papers' metric. Top-1: over all "
        "images. Top-5: the true class is not among the five most probable.",
        ("mechanism", *SHARES.values()),
        tuple(rows),
    )


def confused(group: Group) -> Iterator[Mapping[str, Any]]:
    """The most confused class pairs in the record of a group's first run."""
    held = entry(group.runs[0].record, ("test", HEADLINE, "confused"))
    for pair in held if isinstance(held, list) else ():
        if isinstance(pair, Mapping) and {"true", "said", "images", "of"} <= pair.keys():
            yield pair


def pairs(task: ReportTask) -> Table:
    """The most confused class pairs of each mechanism's first seed."""
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
        "True → predicted class; beneath, how many images of how many of the true class. Mean policy, first seed.",
        ("rank", *(group.label for group, _ in columns)),
        tuple(rows),
        "words",
    )


def pair_cell(pair: Mapping[str, Any]) -> TableCell:
    return TableCell(f"{pair['true']} → {pair['said']}", (f"{pair['images']} of {pair['of']}",))
