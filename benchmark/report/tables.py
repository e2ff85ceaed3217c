"""The tables of a task: error, cost, comparisons, overlap, localisation."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmark.report import formats
from benchmark.report.comparisons import Comparison, between
from benchmark.report.formats import DASH
from benchmark.report.grouping import HEADLINE, MODES, Estimate, Group, Task
from benchmark.report.overlap import BINS, share_by_bin
from benchmark.report.predictions import Predictions
from benchmark.report.published import Published, published_for
from benchmark.report.quality import Quality
from benchmark.report.table import Cell, Table

NOTHING = Cell(DASH, tone="quiet")
REFERENCES = ("random", "none", "nic")
"""What every mechanism is compared with, where the study has it: looking anywhere, and not looking at all."""

COSTS: Mapping[str, tuple[str, Callable[[float], str]]] = {
    "parameters": ("parameters", formats.count),
    "multiply_adds": ("multiply-adds an image", formats.count),
    "train_images_per_second": ("training, images/s", formats.rate),
    "inference_images_per_second": ("inference, images/s", formats.rate),
    "peak_memory_bytes": ("peak memory", formats.memory),
    "seconds_to_best": ("time to the best checkpoint", formats.duration),
    "train_seconds": ("time of training", formats.duration),
}


def name_cell(group: Group) -> Cell:
    """A row's name: the mechanism, what differs from its defaults or else from its experiment, and its seeds."""
    return Cell(group.short, (*group.departure.words, formats.plural(len(group.runs), "seed")))


def error_cell(estimate: Estimate | None, quality: Quality) -> Cell:
    """A headline with both its intervals."""
    if estimate is None:
        return NOTHING
    seeds = f"seeds {quality.span(estimate.seeds)}" if estimate.seeds else "one seed"
    images = (f"images {quality.span(estimate.images)}",) if estimate.images else ()
    return Cell(quality.written(estimate.mean), (seeds, *images))


def errors(task: Task, numbers: Sequence[Published]) -> Table:
    """The headline by mechanism and evaluation mode, the published one beside it."""
    quality = task.quality
    rows = [
        (
            name_cell(group),
            *(error_cell(group.score(mode), quality) for mode in task.modes),
            published_cell(published_for(numbers, group)),
        )
        for group in task.groups
    ]
    unit = ", %" if quality.headline.percent else ""
    heads = tuple(f"{MODES.get(mode, mode)}{unit}" for mode in task.modes)
    return Table(
        f"{task.name}: test {quality.name}",
        f"{task.test_images:,} test images. {quality.direction} Under "
        "each mean over seeds: the 95 % interval over seeds, and the one over test images.",
        ("mechanism", *heads, f"published{unit}"),
        tuple(rows),
        "sourced",
    )


def published_cell(entries: Sequence[Published]) -> Cell:
    """Published numbers of the same mechanism and data, with their sources."""
    if not entries:
        return NOTHING
    return Cell(" / ".join(f"{entry.value:g}" for entry in entries), tuple(entry.source for entry in entries))


def costs(task: Task) -> Table:
    """What each mechanism needs: means over seeds, the lowest and highest beneath where they differ."""
    rows = []
    for group in task.groups:
        found = [(group.measure("cost", key), show) for key, (_, show) in COSTS.items()]
        rows.append((name_cell(group), *(measured_cell(estimate, show) for estimate, show in found)))
    return Table(
        f"{task.name}: cost",
        "Means over seeds; beneath, the lowest and the highest seed. Speeds compare "
        "only between runs on the same hardware.",
        ("mechanism", *(head for head, _ in COSTS.values())),
        tuple(rows),
    )


def measured_cell(estimate: Estimate | None, show: Callable[[float], str]) -> Cell:
    """A number of the record: its mean, and its range over seeds where they differ as shown."""
    if estimate is None:
        return NOTHING
    low, high = show(min(estimate.scores)), show(max(estimate.scores))
    return Cell(show(estimate.mean), (f"{low} to {high}",) if low != high else ())


def references(task: Task) -> list[int]:
    """The groups that every other is compared with; the best one where none of REFERENCES was run."""
    return [place for name in REFERENCES if (place := place_of(task, name)) is not None] or [0]


def place_of(task: Task, attention: str) -> int | None:
    """A mechanism's place at its defaults; at other settings, the best of them, where it was run at those alone."""
    places = [place for place, group in enumerate(task.groups) if group.attention == attention]
    return min(places, key=lambda place: (task.groups[place].setting != "", place), default=None)


def against(task: Task, comparisons: Sequence[Comparison]) -> Table:
    """Every mechanism against each reference, on the same seeds and images."""
    rows, quality = [], task.quality
    for reference in references(task):
        for place, group in enumerate(task.groups):
            found = between(comparisons, place, reference)
            if found is not None:
                rows.append(
                    (Cell(group.label), Cell(task.groups[reference].label), *comparison_cells(found, task.quality))
                )
    heads = (
        "mechanism",
        "against",
        f"difference{quality.points}",
        "seeds better / equal / worse",
        quality.worse_alone,
        f"{quality.test} p",
        "p after Holm",
    )
    return Table(
        f"{task.name}: paired differences",
        f"The mechanism's {quality.name} minus the reference's{quality.points}, on the same seeds and test images; "
        f"{quality.better} is better. Beneath, the 95 % interval of a bootstrap over seeds and images. Holm's "
        f"correction is over all pairs of this data set ({len(comparisons)}).",
        heads,
        tuple(rows),
    )


def comparison_cells(found: Comparison, quality: Quality) -> tuple[Cell, ...]:
    """The numbers of one comparison."""
    return (
        Cell(quality.difference(found.difference), (quality.span(found.interval),), tone(found, quality)),
        Cell(f"{found.wins} / {found.ties} / {found.losses}"),
        Cell(f"{found.discordant.first_wrong} / {found.discordant.second_wrong}"),
        Cell(formats.probability(found.discordant.p)),
        Cell(formats.probability(found.adjusted)),
    )


def tone(found: Comparison, quality: Quality) -> str:
    """Good or bad where the difference is clear, quiet where it is not."""
    return ("good" if quality.is_good(found.difference) else "bad") if found.clear else "quiet"


def matrix(task: Task, comparisons: Sequence[Comparison]) -> Table:
    """All pairs at once."""
    places = range(len(task.groups))
    rows = [
        (
            Cell(task.groups[row].label),
            *(matrix_cell(between(comparisons, row, column), task.quality) for column in places),
        )
        for row in places
    ]
    return Table(
        f"{task.name}: all pairs",
        f"{task.quality.title} of the row minus that of the column{task.quality.points}. A star "
        "marks a clear difference: the interval leaves out zero and p after Holm is below 0.05.",
        ("row minus column", *(group.label for group in task.groups)),
        tuple(rows),
        "matrix",
    )


def matrix_cell(found: Comparison | None, quality: Quality) -> Cell:
    """One pair of the matrix."""
    if found is None:
        return NOTHING
    return Cell(quality.difference(found.difference) + ("*" if found.clear else ""), (), tone(found, quality))


def overlaps(task: Task, predictions: Mapping[Path, Predictions]) -> Table:
    """Error against the overlap of the two digits."""
    rows, sizes = [], [0] * len(BINS)
    for group in task.groups:
        shares = share_by_bin(group, predictions, HEADLINE)
        if shares:
            sizes = [size for _, size in shares]
            rows.append((Cell(group.label), *(error_cell(estimate, task.quality) for estimate, _ in shares)))
    heads = tuple(f"{head}, {formats.plural(size, 'image')}" for head, size in zip(BINS, sizes, strict=True))
    return Table(
        f"{task.name}: error against overlap",
        "Error in percent, mean policy, by the share of the smaller digit's box that the other covers.",
        ("mechanism", *heads),
        tuple(rows),
    )
