"""How soon each mechanism reaches a value of the primary metric on the validation split, in images and in seconds."""

from benchmark.report.analysis import formats
from benchmark.report.analysis.grouping import ReportTask
from benchmark.report.analysis.targets import NEVER, Soon, soon, targets, validations
from benchmark.report.draw.table import Table, TableCell
from benchmark.report.sections.tables import NOTHING, name_cell


def table(task: ReportTask) -> Table:
    """A column for each target that some seed reaches; no rows where there is none."""
    quality = task.quality
    held = [[validations(run) for run in group.runs] for group in task.groups]
    found = {target: [soon(runs, target, quality) for runs in held] for target in targets().get(quality.key, ())}
    met = {target: column for target, column in found.items() if any(each and each.reached for each in column)}
    rows = [
        (name_cell(group), *(cell(column[place]) for column in met.values()))
        for place, group in enumerate(task.groups)
        if met
    ]
    return Table(
        f"{task.name}: training until the {quality.name} on validation is reached",
        "Training images at the first validation that is at least as good: the median over seeds, where more than half "
        "of them come so far. Under it the median of the seconds of training, as the share of images in the whole "
        "training; comparable only between runs on the same hardware.",
        ("mechanism", *(f"{quality.written(target)}{quality.unit}" for target in met)),
        tuple(rows),
    )


def cell(found: Soon | None) -> TableCell:
    """Images, seconds, and how many seeds reach the target."""
    if found is None:
        return NOTHING
    seeds = f"{found.reached} of {formats.plural(found.seeds, 'seed')}"
    if found.images == NEVER:
        return TableCell(formats.DASH, (seeds,), "quiet")
    return TableCell(formats.count(found.images), (formats.duration(found.seconds), seeds))
