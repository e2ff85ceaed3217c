"""The tables of what may be said of pairs of mechanisms."""

from collections.abc import Sequence

import numpy as np

from benchmark.report.analysis import formats
from benchmark.report.analysis.comparisons import Comparison, between
from benchmark.report.analysis.grouping import ReportTask
from benchmark.report.analysis.quality import Quality
from benchmark.report.draw.table import Table, TableCell
from benchmark.report.sections.tables import NOTHING

REFERENCES = ("random", "none", "nic")
"""What every mechanism is compared with, where the study has it: looking anywhere, and not looking at all."""


def references(task: ReportTask) -> list[int]:
    """The groups that every other is compared with; the best one where none of REFERENCES was run."""
    return [place for name in REFERENCES if (place := place_of(task, name)) is not None] or [0]


def place_of(task: ReportTask, attention: str) -> int | None:
    """A mechanism's place at its defaults; at other settings, the best of them, where it was run at those alone."""
    places = [place for place, group in enumerate(task.groups) if group.attention == attention]
    return min(places, key=lambda place: (task.groups[place].setting != "", place), default=None)


def own_controls(task: ReportTask) -> list[tuple[int, int, tuple[str, ...]]]:
    """Each mechanism beside what is the same in everything but where it looks, where the study has both, and a word."""
    pairs = [(place, place_of(task, group.control)) for place, group in enumerate(task.groups) if group.control]
    known = [(place, control) for place, control in pairs if control is not None]
    return [(place, control, ("the same but for where it looks",)) for place, control in known]


def against(task: ReportTask, comparisons: Sequence[Comparison]) -> Table:
    """Every mechanism against its own control and each reference, on the same images."""
    rows, quality = [], task.quality
    common: list[tuple[int, int, tuple[str, ...]]] = [
        (place, reference, ()) for reference in references(task) for place in range(len(task.groups))
    ]
    for place, reference, note in [*own_controls(task), *common]:
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
        f"could be seen from{quality.points}",
        "verdict",
    )
    return Table(
        f"{task.name}: differences",
        f"The mechanism's {quality.name} minus the reference's{quality.points}, on the same test images; "
        f"{quality.better} is better. Beneath, the 95 % interval for new seeds and new test images. Holm's "
        f"correction is over all pairs of this data set ({len(comparisons)}). {visible_words(comparisons, quality)}",
        heads,
        tuple(rows),
    )


def comparison_cells(found: Comparison, quality: Quality) -> tuple[TableCell, ...]:
    """The numbers of one comparison."""
    return (
        difference_cell(found, quality),
        TableCell(" and ".join(str(count) for count in found.seeds)),
        TableCell(formats.probability(found.contrast.p)),
        TableCell(formats.probability(found.finding.adjusted)),
        TableCell(quality.visible(found.finding.visible)),
        TableCell(verdict(found, quality), (), tone(found, quality)),
    )


def difference_cell(found: Comparison, quality: Quality) -> TableCell:
    """A difference with its interval."""
    spans = (quality.span(found.interval),) if found.interval else ("one seed",)
    return TableCell(quality.difference(found.difference), spans, tone(found, quality))


def tone(found: Comparison, quality: Quality) -> str:
    """Good or bad where the two are told apart, quiet where they are not."""
    return ("good" if quality.is_good(found.difference) else "bad") if found.told_apart else "quiet"


def verdict(found: Comparison, quality: Quality) -> str:
    """What may be said of the first of two."""
    if not found.told_apart:
        return found.finding.word
    return "better" if quality.is_good(found.difference) else "worse"


def visible_words(comparisons: Sequence[Comparison], quality: Quality) -> str:
    """The size of difference that these runs could have told, as a sentence."""
    seen = [found.finding.visible for found in comparisons if found.finding.visible is not None]
    if not seen:
        return "With one seed each there is no verdict: how another seed would do is not known."
    return (
        "Could be seen from: the smallest difference that would have been told from chance, by the spread of these "
        f"seeds; in the middle of all pairs {quality.visible(float(np.median(seen)))}."
    )


def matrix(task: ReportTask, comparisons: Sequence[Comparison]) -> Table:
    """All pairs at once."""
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
        "marks two that are told apart: p after Holm is below 0.05.",
        ("row minus column", *(group.label for group in task.groups)),
        tuple(rows),
        "matrix",
    )


def matrix_cell(found: Comparison | None, quality: Quality) -> TableCell:
    """One pair of the matrix."""
    if found is None:
        return NOTHING
    return TableCell(quality.difference(found.difference) + ("*" if found.told_apart else ""), (), tone(found, quality))
