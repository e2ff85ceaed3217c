"""The tables of a task: error, cost, comparisons, overlap, localisation."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmark.report.analysis import formats
from benchmark.report.analysis.estimates import Estimate
from benchmark.report.analysis.formats import DASH
from benchmark.report.analysis.grouping import HEADLINE, MODES, Group, ReportTask
from benchmark.report.analysis.predictions import Predictions
from benchmark.report.analysis.published import Published, published_for
from benchmark.report.analysis.quality import Quality
from benchmark.report.draw.table import Table, TableCell
from benchmark.report.sections.overlap import BINS, share_by_bin

NOTHING = TableCell(DASH, tone="quiet")
COSTS: Mapping[str, tuple[str, Callable[[float], str]]] = {
    "parameters": ("parameters", formats.count),
    "multiply_adds": ("multiply-adds per image", formats.count),
    "train_images_per_second": ("training, images/s", formats.rate),
    "inference_images_per_second": ("inference, images/s", formats.rate),
    "peak_memory_bytes": ("peak memory", formats.memory),
    "seconds_to_best": ("time to best checkpoint", formats.duration),
    "train_seconds": ("training time", formats.duration),
}


def name_cell(group: Group) -> TableCell:
    """The first cell of a row: the mechanism, its overrides of the defaults or its experiment, and its seeds."""
    return TableCell(group.short, (*group.departure.words, formats.plural(len(group.runs), "seed")))


def error_cell(estimate: Estimate | None, quality: Quality) -> TableCell:
    """The primary metric with its interval."""
    if estimate is None:
        return NOTHING
    span = f" {quality.span(estimate.shown)}" if estimate.interval or estimate.images else ""
    return TableCell(quality.written(estimate.mean), (f"{estimate.about}{span}",))


def errors(task: ReportTask, numbers: Sequence[Published]) -> Table:
    """The primary metric by mechanism and evaluation mode; published numbers, if there are any, in the last column."""
    quality = task.quality
    published = [published_cell(published_for(numbers, group)) for group in task.groups]
    sourced = any(cell is not NOTHING for cell in published)
    columns = slice(None if sourced else -1)
    rows = [
        (name_cell(group), *(error_cell(group.score(mode), quality) for mode in task.modes), number)[columns]
        for group, number in zip(task.groups, published, strict=True)
    ]
    unit = ", %" if quality.headline.percent else ""
    heads = tuple(f"{MODES.get(mode, mode)}{unit}" for mode in task.modes)
    return Table(
        f"{task.name}: test {quality.name}",
        f"{task.test_images:,} test images. {quality.direction} Under "
        "each mean over seeds: the 95 % interval for a new seed and new test images; with one seed, for new test "
        "images only.",
        ("mechanism", *heads, f"published{unit}")[columns],
        tuple(rows),
        "sourced" if sourced else "",
    )


def published_cell(entries: Sequence[Published]) -> TableCell:
    """Published numbers of the same mechanism and data set, with their sources."""
    if not entries:
        return NOTHING
    return TableCell(" / ".join(f"{entry.value:g}" for entry in entries), tuple(entry.source for entry in entries))


def costs(task: ReportTask) -> Table:
    """The cost of each mechanism: mean over seeds, lowest and highest beneath where they differ."""
    rows = []
    for group in task.groups:
        found = [(group.measure("cost", key), show) for key, (_, show) in COSTS.items()]
        rows.append((name_cell(group), *(measured_cell(estimate, show) for estimate, show in found)))
    return Table(
        f"{task.name}: cost",
        "Means over seeds; beneath, the lowest and the highest seed. Speeds are comparable only between runs on "
        "the same hardware.",
        ("mechanism", *(head for head, _ in COSTS.values())),
        tuple(rows),
    )


def measured_cell(estimate: Estimate | None, show: Callable[[float], str]) -> TableCell:
    """A number of the record: mean over seeds, and range over seeds where they differ as shown."""
    if estimate is None:
        return NOTHING
    low, high = show(min(estimate.scores)), show(max(estimate.scores))
    return TableCell(show(estimate.mean), (f"{low} to {high}",) if low != high else ())


def overlaps(task: ReportTask, predictions: Mapping[Path, Predictions]) -> Table:
    """The error by bin of overlap of the two digits."""
    rows, sizes = [], [0] * len(BINS)
    for group in task.groups:
        shares = share_by_bin(group, predictions, HEADLINE)
        if shares:
            sizes = [size for _, size in shares]
            rows.append((TableCell(group.label), *(error_cell(estimate, task.quality) for estimate, _ in shares)))
    heads = tuple(f"{head}, {formats.plural(size, 'image')}" for head, size in zip(BINS, sizes, strict=True))
    return Table(
        f"{task.name}: error against overlap",
        "Error in percent, mean policy, by the share of the smaller digit's box that the other covers.",
        ("mechanism", *heads),
        tuple(rows),
    )
