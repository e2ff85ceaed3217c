"""Early exit: the primary metric after each glimpse, with the same weights."""

from collections.abc import Mapping

from markupsafe import Markup

from benchmark.report.analysis.estimates import Estimate
from benchmark.report.analysis.grouping import HEADLINE, Group, ReportTask
from benchmark.report.draw import svg
from benchmark.report.draw.chart import X_RANGE, Axis, Figure, frame, legend
from benchmark.report.draw.palette import SeriesStyle
from benchmark.report.draw.table import Table, TableCell
from benchmark.report.read.folders import entry
from benchmark.report.sections.figures import quality_axis
from benchmark.report.sections.tables import NOTHING, name_cell


def by_glimpse(group: Group) -> dict[int, Estimate]:
    """The primary metric by number of glimpses; empty for a mechanism with one glimpse, and for sequences."""
    held = entry(group.runs[0].record, ("test", HEADLINE, "after"))
    keys = sorted((key for key in held if key.isdigit()), key=int) if isinstance(held, Mapping) else []
    found = {int(key): group.measure("test", HEADLINE, "after", key) for key in keys}
    return {glimpses: estimate for glimpses, estimate in found.items() if estimate}


def rows_of(task: ReportTask) -> list[tuple[Group, dict[int, Estimate]]]:
    return [(group, found) for group in task.groups if (found := by_glimpse(group))]


def figure(task: ReportTask, styles: Mapping[str, SeriesStyle]) -> Figure | None:
    """One line per mechanism; None where no mechanism has early exits."""
    rows, quality = rows_of(task), task.quality
    if not rows:
        return None
    last = max(max(found) for _, found in rows)
    ticks = tuple(float(glimpses) for glimpses in range(1, last + 1))
    scale = svg.Scale(0.7, last + 0.3, *X_RANGE, False)
    x = Axis(scale, "glimpses before the prediction", lambda tick: f"{tick:g}", ticks)
    y = quality_axis(quality, [each.mean for _, found in rows for each in found.values()], task.test_images)
    marks: list[Markup] = []
    for group, found in rows:
        style = styles[group.name()]
        least = y.scale.low  # a logarithmic axis has no zero: an error of 0 is drawn at its lower end
        places = [(x.scale(glimpses), y.scale(max(each.mean, least))) for glimpses, each in found.items()]
        marks.append(svg.line(places, style))
        marks += [
            svg.point(*place, style, f"{group.label} after {glimpses}: {quality.written(each.mean)}{quality.unit}")
            for place, (glimpses, each) in zip(places, found.items(), strict=True)
        ]
    return Figure(
        "Early exit",
        "The same weights, evaluated after fewer glimpses than they were trained with; mean policy, mean over seeds.",
        frame(f"Test {quality.name} after each glimpse on {task.name}", x, y, marks),
        legend([(group.label, styles[group.name()]) for group, _ in rows]),
    )


def windows(group: Group) -> TableCell:
    """The window sizes of a glimpse; empty where its size is learned, or attention is over items."""
    held = group.runs[0].record.get("windows") or ()
    return TableCell(", ".join(map(str, held))) if held else NOTHING


def table(task: ReportTask) -> Table:
    """The numbers of the figure."""
    rows, quality = rows_of(task), task.quality
    counts = sorted({glimpses for _, found in rows for glimpses in found})
    body = [
        (
            name_cell(group),
            windows(group),
            *(TableCell(quality.written(found[n].mean)) if n in found else NOTHING for n in counts),
        )
        for group, found in rows
    ]
    return Table(
        f"{task.name}: by resolution, after each glimpse",
        f"Test {quality.head}, mean policy, mean over seeds. The last number of a row is at the number of glimpses "
        "of training. Windows: side lengths in pixels of a glimpse's windows, all resampled to the smallest.",
        ("mechanism", "windows, px", *(f"after {glimpses}" for glimpses in counts)),
        tuple(body),
    )
