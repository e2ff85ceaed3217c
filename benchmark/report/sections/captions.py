"""Tables of caption scores, by metric and evaluation mode, and of how much attention maps change between words."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmark.report.analysis.grouping import HEADLINE, MODES, Group, ReportTask
from benchmark.report.analysis.published import Published, apt
from benchmark.report.draw.table import Table, TableCell
from benchmark.report.sections.tables import NOTHING, measured_cell, name_cell

FIRST = "CIDEr-D"
BLEU = tuple(f"BLEU-{n}" for n in (1, 2, 3, 4))
SCORES = (*BLEU, "BLEU-4 without brevity penalty", "ROUGE-L", "METEOR", "METEOR-nltk", FIRST)
ABOUT: Mapping[str, str] = {
    "words": "words per caption", "vocabulary": "distinct words", "unfinished": "no end token, %",
}  # fmt: skip
STILL = 0.02
"""Attention maps whose mean change from one to the next is below this are reported as standing still."""


def is_of_captions(task: ReportTask) -> bool:
    return any(group.measure("test", mode, "BLEU-4") for group in task.groups for mode in task.modes)


def scores(task: ReportTask, numbers: Sequence[Published]) -> Table:
    """One row per mechanism and evaluation mode, followed by the mechanism's published numbers. Modes with equal
    numbers share a row.
    """
    known = [key for key in SCORES if any(group.measure("test", mode, key) for group, mode in both(task))]
    rows: list[tuple[TableCell, ...]] = []
    for group in task.groups if is_of_captions(task) else ():
        modes: dict[tuple[TableCell, ...], list[str]] = {}
        for mode in task.modes:
            if group.measure("test", mode, FIRST):
                modes.setdefault(tuple(row(group, mode, known)), []).append(MODES.get(mode, mode))
        name = name_cell(group)
        rows.extend((TableCell(name.text, (", ".join(alike), *name.notes)), *cells) for cells, alike in modes.items())
        rows.extend(printed(group, numbers, known))
    return Table(
        f"{task.name}: captions",
        "Means over seeds. BLEU and METEOR are corpus scores, ROUGE-L and CIDEr-D means over images. CIDEr-D takes its "
        "document frequencies from the references of this split. METEOR-nltk differs from METEOR: its values are about "
        "twice as high. Distinct words: over all captions of the split.",
        ("mechanism", *known, *ABOUT.values()),
        tuple(rows),
    )


def both(task: ReportTask) -> Iterator[tuple[Group, str]]:
    return ((group, mode) for group in task.groups for mode in task.modes)


def row(group: Group, mode: str, known: Sequence[str]) -> Iterator[TableCell]:
    """The cells of one mechanism in one mode."""
    for key in known:
        yield measured_cell(group.measure("test", mode, key), lambda value: f"{value:.3f}")
    shows = {"words": "{:.1f}", "vocabulary": "{:.0f}", "unfinished": "{:.1%}"}
    for key in ABOUT:
        yield measured_cell(group.measure("test", mode, key), shows[key].format)


def printed(group: Group, numbers: Sequence[Published], known: Sequence[str]) -> Iterator[tuple[TableCell, ...]]:
    """Published numbers of this mechanism on this data set, one row per source."""
    entries = [entry for entry in apt(numbers, group) if entry.measure in known]
    for source in dict.fromkeys((entry.system, entry.source) for entry in entries):
        own = {entry.measure: entry for entry in entries if (entry.system, entry.source) == source}
        cells = [TableCell(f"{own[key].value:g}") if key in own else NOTHING for key in known]
        yield (TableCell(f"published: {source[0]}", (source[1],)), *cells, *(NOTHING for _ in ABOUT))


def maps(task: ReportTask) -> Table:
    """Entropy of attention maps and their change from one to the next, for caption tasks."""
    rows = [
        (name_cell(group), *(map_cell(group, key) for key in ("entropy", "change")), TableCell(*still(group)))
        for group in task.groups
        if is_of_captions(task) and group.measure("localisation", HEADLINE, "entropy")
    ]
    return Table(
        f"{task.name}: maps from word to word",
        "Mean policy. Entropy: of a map divided by that of a uniform map; 0 is a single position, 1 uniform. Change: "
        f"total variation distance between successive maps; below {STILL:g} the maps are marked as standing still.",
        ("mechanism", "entropy", "change", "maps"),
        tuple(rows),
        "words",
    )


def map_cell(group: Group, key: str) -> TableCell:
    return measured_cell(group.measure("localisation", HEADLINE, key), lambda value: f"{value:.3f}")


def still(group: Group) -> tuple[Any, ...]:
    """Whether the maps change between words: text, notes and tone of a cell."""
    change = group.measure("localisation", HEADLINE, "change")
    if change is None:
        return NOTHING.text, (), NOTHING.tone
    seeds, standing = len(change.scores), sum(score < STILL for score in change.scores)
    if not standing:
        return "move", (), "good"
    return "stand still", (f"with {standing} of {seeds} seeds",) if standing < seeds else (), "bad"
