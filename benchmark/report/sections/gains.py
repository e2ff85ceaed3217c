"""What attention gains over the same reader without it, and what the records say of why, or why not."""

from collections.abc import Iterator, Sequence
from typing import final

from benchmark.report.analysis import formats
from benchmark.report.analysis.comparisons import Comparison, between
from benchmark.report.analysis.curves import Curve
from benchmark.report.analysis.grouping import HEADLINE, Group, ReportTask
from benchmark.report.analysis.quality import Quality
from benchmark.report.draw.table import Table, TableCell
from benchmark.report.sections.pairs import difference_cell, place_of, tone
from benchmark.report.sections.tables import NOTHING, name_cell

REFERENCE = "none"
LAST = 0.25
"""The last stretch of training, in which a curve is asked whether it still improved."""
GAIN = 0.1
"""The share of itself by which the headline has to improve in that stretch to count as still improving."""
APART = 0.05
"""Below this difference two shares are called alike."""


@final
class Learning:
    """The validation curves of a task's mechanisms, by their labels. sign: 1 where less is better, else -1."""

    def __init__(self, curves: Sequence[Curve], sign: float):
        self._curves, self._sign = {curve.label: curve for curve in curves}, sign

    def gain(self, label: str) -> float:
        """By what share of itself the headline improved in the last stretch; 0 where there is no such curve."""
        curve = self._curves.get(label)
        if curve is None or len(curve.mean) < 4:
            return 0.0
        before = curve.mean[round(len(curve.mean) * (1 - LAST)) - 1]
        return self._sign * (before - curve.mean[-1]) / before if before > 0 else 0.0


def table(task: ReportTask, comparisons: Sequence[Comparison], learning: Learning) -> Table:
    """Each mechanism against no attention; without rows where that was not run."""
    reference, quality = place_of(task, REFERENCE), task.quality
    rows = []
    for place, group in enumerate(task.groups):
        if reference is None or place == reference or group.is_control:
            continue
        found = between(comparisons, place, reference)
        if found is not None:
            rows.append(row(group, task.groups[reference], found, learning))
    return Table(
        f"{task.name}: what attention gains",
        f"The {quality.name} minus that of `{REFERENCE}` on the same test images, {quality.better} is "
        f"better; beneath, the 95 % interval for new seeds and images. Cost as a multiple of `{REFERENCE}`'s. What the "
        "records say is evidence, not a proof of a cause: "
        f"whether it still improved in validation by more than {GAIN:.0%} of itself in the last {LAST:.0%} of "
        "training, how often looks fall on the objects and what the same weights come to when they look anywhere, and "
        "how far the seeds lie apart.",
        (
            "mechanism",
            f"{quality.name} minus none's{quality.points}",
            "multiply-adds",
            "parameters",
            "what the records say",
        ),
        tuple(rows),
        "words",
    )


def row(group: Group, reference: Group, found: Comparison, learning: Learning) -> tuple[TableCell, ...]:
    quality = group.quality
    said = [*looking(group), *disagreeing(group, found), *learned(group, reference, learning)]
    return (
        name_cell(group),
        difference_cell(found, quality),
        times(group, reference, "multiply_adds"),
        times(group, reference, "parameters"),
        TableCell(verdict(found, quality), tuple(said), tone(found, quality)),
    )


def verdict(found: Comparison, quality: Quality) -> str:
    if not found.told_apart:
        return found.finding.word
    return "attention pays" if quality.is_good(found.difference) else "attention does not pay"


def times(group: Group, reference: Group, key: str) -> TableCell:
    """A cost as a multiple of the reference's."""
    mine, theirs = group.measure("cost", key), reference.measure("cost", key)
    return TableCell(f"\N{MULTIPLICATION SIGN} {mine.mean / theirs.mean:.2g}") if mine and theirs else NOTHING


def looking(group: Group) -> Iterator[str]:
    """How often its looks find anything, and what the same weights are worth without them."""
    hits, anywhere = (group.measure("localisation", mode, "hit_rate") for mode in (HEADLINE, "random"))
    if hits and anywhere:
        yield f"looks on an object: {formats.percent(hits.mean)} %, looks anywhere {formats.percent(anywhere.mean)} %"
    mine, blind = group.score(HEADLINE), group.score("random")
    if mine and blind:
        quality = group.quality
        come = "err on" if quality.headline.binary else "come to"
        yield f"the same weights looking anywhere {come} {quality.written(blind.mean)}{quality.unit}"


def disagreeing(group: Group, found: Comparison) -> Iterator[str]:
    """Whether its seeds lie so far apart that their mean tells of no run: some have left a plateau, others not."""
    scores = group.score(HEADLINE)
    if scores is None:
        return
    low, high = min(scores.scores), max(scores.scores)
    if high - low > max(APART, abs(found.difference) / 2):
        quality = group.quality
        yield f"its seeds lie far apart: {quality.written(low)} to {quality.written(high)}{quality.unit}"


def learned(group: Group, reference: Group, learning: Learning) -> Iterator[str]:
    """Whether it was still learning when training ended, and whether the reference was."""
    for name, label in (("it", group.label), (f"`{REFERENCE}`", reference.label)):
        gain = learning.gain(label)
        if gain > GAIN:
            yield f"{name} was still learning: it improved in validation by {gain:.0%} of itself at the end"
