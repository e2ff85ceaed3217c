"""Each mechanism against the control without attention, with evidence from the records for the difference."""

from collections.abc import Iterator, Sequence
from typing import final

from benchmark.report.analysis import formats
from benchmark.report.analysis.comparisons import Comparison, between
from benchmark.report.analysis.curves import Curve
from benchmark.report.analysis.grouping import HEADLINE, Group, ReportTask
from benchmark.report.analysis.quality import Quality
from benchmark.report.draw.table import Table, TableCell
from benchmark.report.sections.pairs import difference_cell, tone
from benchmark.report.sections.tables import NOTHING, name_cell

REFERENCE = "none"
LAST = 0.25
"""The last fraction of training, over which the improvement of a validation curve is measured."""
GAIN = 0.1
"""The relative improvement of the primary metric over that fraction that counts as still improving."""
SEED_SPREAD = 0.05
"""A range over seeds above this is reported."""


@final
class Learning:
    """The validation curves of a task's groups, by their key. sign: 1 if lower is better, else -1."""

    def __init__(self, curves: Sequence[Curve], sign: float):
        self._curves, self._sign = {curve.key: curve for curve in curves}, sign

    def gain(self, key: tuple[str, str]) -> float:
        """Relative improvement of the primary metric over the last fraction LAST of training; 0 without a curve."""
        curve = self._curves.get(key)
        if curve is None or len(curve.mean) < 4:
            return 0.0
        before = curve.mean[round(len(curve.mean) * (1 - LAST)) - 1]
        return self._sign * (before - curve.mean[-1]) / before if before > 0 else 0.0


def table(task: ReportTask, comparisons: Sequence[Comparison], learning: Learning) -> Table:
    """Each mechanism against the control without attention; no rows where that control was not run."""
    quality, rows = task.quality, []
    for place, group in enumerate(task.groups):
        reference = task.reference(group, REFERENCE)
        if reference is None or place == reference or group.is_control:
            continue
        found = between(comparisons, place, reference)
        if found is not None:
            rows.append(row(group, task.groups[reference], found, learning))
    return Table(
        f"{task.name}: what attention gains",
        f"The {quality.name} minus that of the control {REFERENCE} on the same test images, {quality.better} is "
        "better; beneath, the 95 % interval for new seeds and images. Cost as a multiple of the control's. The "
        "evidence from the records is no proof of a cause: the share of glimpses on an object, the result of the same "
        "weights with glimpses at random places, the range over seeds, and whether validation still improved by more "
        f"than {GAIN:.0%} (relative) in the last {LAST:.0%} of training.",
        (
            "mechanism",
            f"{quality.name} minus none's{quality.points}",
            "multiply-adds",
            "parameters",
            "evidence from the records",
        ),
        tuple(rows),
        "words",
    )


def row(group: Group, reference: Group, found: Comparison, learning: Learning) -> tuple[TableCell, ...]:
    quality = group.quality
    evidence = [*glimpse_notes(group), *seed_notes(group, found), *learning_notes(group, reference, learning)]
    return (
        name_cell(group),
        difference_cell(found, quality),
        times(group, reference, "multiply_adds"),
        times(group, reference, "parameters"),
        TableCell(verdict(found, quality), tuple(evidence), tone(found, quality)),
    )


def verdict(found: Comparison, quality: Quality) -> str:
    if not found.is_significant:
        return found.finding.word
    return "better than no attention" if quality.is_good(found.difference) else "worse than no attention"


def times(group: Group, reference: Group, key: str) -> TableCell:
    """A cost as a multiple of the reference's."""
    mine, theirs = group.measure("cost", key), reference.measure("cost", key)
    return TableCell(f"\N{MULTIPLICATION SIGN} {mine.mean / theirs.mean:.2g}") if mine and theirs else NOTHING


def glimpse_notes(group: Group) -> Iterator[str]:
    """The share of glimpses on an object, and the result of the same weights with glimpses at random places."""
    hits, anywhere = (group.measure("localisation", mode, "hit_rate") for mode in (HEADLINE, "random"))
    if hits and anywhere:
        yield f"glimpses on an object: {formats.percent(hits.mean)} %, at random {formats.percent(anywhere.mean)} %"
    mine, blind = group.score(HEADLINE), group.score("random")
    if mine and blind:
        quality = group.quality
        yield f"same weights, random glimpses: {quality.name} {quality.written(blind.mean)}{quality.unit}"


def seed_notes(group: Group, found: Comparison) -> Iterator[str]:
    """The range over seeds where it is large, as when only some seeds have left a plateau."""
    scores = group.score(HEADLINE)
    if scores is None:
        return
    low, high = min(scores.scores), max(scores.scores)
    if high - low > max(SEED_SPREAD, abs(found.difference) / 2):
        quality = group.quality
        yield f"large spread over seeds: {quality.written(low)} to {quality.written(high)}{quality.unit}"


def learning_notes(group: Group, reference: Group, learning: Learning) -> Iterator[str]:
    """Whether the mechanism, or the control, was still improving when training ended."""
    for name, one in (("it", group), (f"the control {REFERENCE}", reference)):
        gain = learning.gain(one.key)
        if gain > GAIN:
            yield f"{name} was still learning: validation improved by {gain:.0%} (relative) at the end of training"
