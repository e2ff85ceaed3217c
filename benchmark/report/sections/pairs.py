"""Tables of differences between pairs of mechanisms, with intervals, p values and verdicts."""

from collections.abc import Sequence

import numpy as np

from benchmark.report.analysis import formats
from benchmark.report.analysis.comparisons import Comparison, between
from benchmark.report.analysis.grouping import ReportTask
from benchmark.report.analysis.quality import Quality
from benchmark.report.draw.table import Table, TableCell
from benchmark.report.sections.tables import NOTHING

REFERENCES = ("random", "none", "nic")
"""The controls that every mechanism is compared with, where the study has them: random glimpses, no attention."""


Pair = tuple[int, int, tuple[str, ...]]
"""A mechanism, what it is set beside, and a note, by index in the task."""


def references(task: ReportTask) -> list[Pair]:
    """Every group and its reference of each of REFERENCES; the best group where none of these was run."""
    found: list[Pair] = [
        (place, reference, ())
        for name in REFERENCES
        for place, group in enumerate(task.groups)
        if (reference := task.reference(group, name)) is not None
    ]
    return found or [(place, 0, ()) for place in range(len(task.groups))]


def own_controls(task: ReportTask) -> list[Pair]:
    """Every group and its own controls, where both were run: those that differ only in where they look, else one of
    another setting.
    """
    found: list[Pair] = []
    for place, group in enumerate(task.groups):
        only = task.counterparts(group, group.control)
        found += [(place, control, ("control: differs only in where it looks",)) for control in only]
        if not only and (other := task.place_of(group.control)) is not None:
            found.append((place, other, ("its control, in another setting",)))
    return found


def against(task: ReportTask, comparisons: Sequence[Comparison]) -> Table:
    """Every mechanism against its own control and against each of REFERENCES, on the same test images; a pair once."""
    rows, quality = [], task.quality
    shown: set[frozenset[int]] = set()
    for place, reference, note in [*own_controls(task), *references(task)]:
        if frozenset((place, reference)) in shown:
            continue
        shown.add(frozenset((place, reference)))
        found = between(comparisons, place, reference)
        if found is not None:
            name, other = task.groups[place].label, TableCell(task.groups[reference].label, note)
            rows.append((TableCell(name), other, *comparison_cells(found, quality)))
    heads = (
        "mechanism",
        "against",
        f"difference{quality.points}",
        "seeds",
        "p",
        "p after Holm",
        f"smallest detectable{quality.points}",
        "verdict",
    )
    return Table(
        f"{task.name}: differences",
        f"The mechanism's {quality.name} minus the reference's{quality.points}, on the same test images; "
        f"{quality.better} is better. Beneath, the 95 % interval for new seeds and new test images. Holm's "
        f"correction is over all pairs of this data set ({len(comparisons)}). {detectable_note(comparisons, quality)}",
        heads,
        tuple(rows),
    )


def comparison_cells(found: Comparison, quality: Quality) -> tuple[TableCell, ...]:
    """The cells of one comparison."""
    return (
        difference_cell(found, quality),
        TableCell(" and ".join(str(count) for count in found.seeds)),
        TableCell(formats.probability(found.contrast.p)),
        TableCell(formats.probability(found.finding.adjusted)),
        TableCell(quality.visible(found.finding.visible)),
        TableCell(verdict(found, quality), (), tone(found, quality)),
    )


def difference_cell(found: Comparison, quality: Quality) -> TableCell:
    """A difference with its 95 % interval."""
    spans = (quality.span(found.interval),) if found.interval else ("one seed",)
    return TableCell(quality.difference(found.difference), spans, tone(found, quality))


def tone(found: Comparison, quality: Quality) -> str:
    """Tone of a cell: good or bad for a significant difference, else quiet."""
    return ("good" if quality.is_good(found.difference) else "bad") if found.is_significant else "quiet"


def verdict(found: Comparison, quality: Quality) -> str:
    """The verdict on the first of two mechanisms: better, worse, or no significant difference."""
    if not found.is_significant:
        return found.finding.word
    return "better" if quality.is_good(found.difference) else "worse"


def detectable_note(comparisons: Sequence[Comparison], quality: Quality) -> str:
    """A sentence on the smallest differences that these runs could detect."""
    sizes = [found.finding.visible for found in comparisons if found.finding.visible is not None]
    if not sizes:
        return "With one seed each there is no verdict: the variance over seeds is unknown."
    return (
        "Smallest detectable: the smallest difference that would have been significant, given the variance over these "
        f"seeds; median over all pairs {quality.visible(float(np.median(sizes)))}."
    )


def matrix(task: ReportTask, comparisons: Sequence[Comparison]) -> Table:
    """The differences of all pairs as a matrix."""
    places = range(len(task.groups))
    rows = [
        (
            TableCell(task.groups[row].label),
            *(matrix_cell(between(comparisons, row, column), task.quality) for column in places),
        )
        for row in places
    ]
    return Table(
        f"{task.name}: all pairs",
        f"{task.quality.title} of the row minus that of the column{task.quality.points}. A star "
        "marks a significant difference: p after Holm is below 0.05.",
        ("row minus column", *(group.label for group in task.groups)),
        tuple(rows),
        "matrix",
    )


def matrix_cell(found: Comparison | None, quality: Quality) -> TableCell:
    """One cell of the matrix."""
    if found is None:
        return NOTHING
    return TableCell(
        quality.difference(found.difference) + ("*" if found.is_significant else ""), (), tone(found, quality)
    )
