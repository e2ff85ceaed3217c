"""Early exit: what an answer is worth after each glimpse, of the same weights."""

from collections.abc import Mapping

from markupsafe import Markup

from benchmark.report.analysis.estimates import Estimate
from benchmark.report.analysis.grouping import HEADLINE, Group, ReportTask
from benchmark.report.draw import svg
from benchmark.report.draw.chart import X_RANGE, Axis, Figure, frame, legend
from benchmark.report.draw.palette import SeriesStyle
from benchmark.report.draw.table import Table, TableCell
from benchmark.report.sections.figures import quality_axis
from benchmark.report.sections.tables import NOTHING, name_cell


def by_glimpse(group: Group) -> dict[int, Estimate]:
    """The headline after each number of glimpses; empty where a mechanism has one only, or an answer many symbols."""
    scores = group.runs[0].record["test"].get(HEADLINE)
    held = scores.get("after") if isinstance(scores, Mapping) else None
    keys = sorted((key for key in held if key.isdigit()), key=int) if isinstance(held, Mapping) else []
    found = {int(key): group.measure("test", HEADLINE, "after", key) for key in keys}
    return {glimpses: estimate for glimpses, estimate in found.items() if estimate}


def rows_of(task: ReportTask) -> list[tuple[Group, dict[int, Estimate]]]:
    return [(group, found) for group in task.groups if (found := by_glimpse(group))]


def figure(task: ReportTask, looks: Mapping[str, SeriesStyle]) -> Figure | None:
    """A line a mechanism; None where none can be asked earlier."""
    rows, quality = rows_of(task), task.quality
    if not rows:
        return None
    last = max(max(found) for _, found in rows)
    ticks = tuple(float(glimpses) for glimpses in range(1, last + 1))
    x = Axis(svg.Scale(0.7, last + 0.3, *X_RANGE, False), "glimpses before the answer", lambda tick: f"{tick:g}", ticks)
    y = quality_axis(quality, [each.mean for _, found in rows for each in found.values()], task.test_images)
    marks: list[Markup] = []
    for group, found in rows:
        look = looks[group.label]
        least = y.scale.low  # an error of none stands at the foot of a logarithm
        places = [(x.scale(glimpses), y.scale(max(each.mean, least))) for glimpses, each in found.items()]
        marks.append(svg.line(places, look))
        marks += [
            svg.point(*place, look, f"{group.label} after {glimpses}: {quality.written(each.mean)}{quality.unit}")
            for place, (glimpses, each) in zip(places, found.items(), strict=True)
        ]
    return Figure(
        "Early exit",
        "The same weights, asked for their answer after fewer glimpses than they were trained with; mean policy, "
        "mean over seeds.",
        frame(f"Test {quality.name} after each glimpse on {task.name}", x, y, marks),
        legend([(group.label, looks[group.label]) for group, _ in rows]),
    )


def windows(group: Group) -> TableCell:
    """The resolutions of a glimpse; none where its size is learned, or a look is at an item."""
    held = group.runs[0].record.get("windows") or ()
    return TableCell(", ".join(map(str, held))) if held else NOTHING


def table(task: ReportTask) -> Table:
    """The figure's numbers."""
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
        f"Test {quality.head}, mean policy, mean over seeds; the last number of a row is the one it was trained for. "
        "Windows: pixels a side of what a glimpse covers; each is read in as many pixels as the finest has.",
        ("mechanism", "windows, px", *(f"after {glimpses}" for glimpses in counts)),
        tuple(body),
    )
