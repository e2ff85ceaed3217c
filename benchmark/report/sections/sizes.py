"""Cost and error against the side of the image, over all tasks on the same data."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from benchmark.report.analysis import formats
from benchmark.report.analysis.estimates import Estimate
from benchmark.report.analysis.grouping import HEADLINE, Group, ReportTask
from benchmark.report.analysis.naming import Names
from benchmark.report.analysis.quality import Quality
from benchmark.report.analysis.statistics import log_slope
from benchmark.report.draw import svg
from benchmark.report.draw.chart import X_RANGE, Y_RANGE, Axis, Figure, frame, legend
from benchmark.report.draw.palette import SeriesStyle
from benchmark.report.draw.table import Table, TableCell
from benchmark.report.read.folders import number
from benchmark.report.sections.tables import NOTHING, error_cell

CostRows = Sequence[tuple[Names, dict[int, float]]]
ErrorRows = Sequence[tuple[Names, dict[int, Estimate]]]

CANVAS = "data.canvas"
"""The knob that sets the side of the image. Runs that differ only in it form one line."""


def by_side(group: Group) -> dict[int, float]:
    """Multiply-adds by image side, from the record of the first seed; {} where it has none."""
    sides = group.runs[0].record["cost"].get("multiply_adds_by_side")
    keys = [key for key in sides if str(key).isdigit()] if isinstance(sides, Mapping) else []
    found = {int(key): number(sides, key) for key in sorted(keys, key=int)}
    return {side: cost for side, cost in found.items() if cost is not None and cost > 0}


def costs(groups: Sequence[Group]) -> CostRows:
    """What the groups are called that have multiply-adds at two sides or more, and these.

    Of groups that differ only in the canvas, the first.
    """
    seen: dict[Names, dict[int, float]] = {}
    for group in groups:
        if len(by_side(group)) >= 2:
            seen.setdefault(group.names([CANVAS]), by_side(group))
    return list(seen.items())


def cost_table(data: str, rows: CostRows) -> Table:
    """Multiply-adds by side, and the exponent of their growth."""
    sides = sorted({side for _, found in rows for side in found})
    body = tuple(
        (
            TableCell(names.label),
            *(TableCell(formats.count(found[side])) if side in found else NOTHING for side in sides),
            TableCell(exponent(found)),
        )
        for names, found in rows
    )
    return Table(
        f"{data}: multiply-adds by image side",
        "Per image. Exponent: k of the least-squares fit cost = c side^k; 0 is independent of the image size, 2 is "
        "proportional to its area.",
        ("mechanism", *(f"{side} px" for side in sides), "exponent"),
        body,
    )


def exponent(found: Mapping[int, float]) -> str:
    """The exponent of the growth of cost with the side, two decimals, zero without a sign."""
    return f"{log_slope(list(found), list(found.values())):z.2f}"


def cost_figure(data: str, rows: CostRows, styles: Mapping[str, SeriesStyle]) -> Figure:
    """Multiply-adds against the image side, both logarithmic."""
    sides = sorted({side for _, found in rows for side in found})
    x = side_axis(sides)
    y = Axis(
        svg.logarithmic([cost for _, found in rows for cost in found.values()], *Y_RANGE),
        "multiply-adds per image",
        formats.count,
    )
    marks: list[Markup] = []
    for names, found in rows:
        places = [(x.scale(side), y.scale(cost)) for side, cost in found.items()]
        marks.append(svg.line(places, styles[names.name]))
        marks += [
            svg.point(*place, styles[names.name], f"{names.label}, {side} px: {formats.count(cost)}")
            for place, (side, cost) in zip(places, found.items(), strict=True)
        ]
    return Figure(
        "Cost against image side",
        "A horizontal line: the cost does not depend on the size of the image.",
        frame(f"Multiply-adds against image side, {data}", x, y, marks),
        legend([(names.label, styles[names.name]) for names, _ in rows]),
    )


def side_axis(sides: Sequence[int]) -> Axis:
    """The axis of image sides, with a tick at each."""
    return Axis(
        svg.logarithmic([float(side) for side in sides], *X_RANGE),
        "image side, px",
        lambda tick: f"{tick:g}",
        tuple(float(side) for side in sides),
    )


def errors_by_side(tasks: Sequence[ReportTask]) -> ErrorRows:
    """By mechanism the primary metric at each image side, for runs that differ only in it; two sides at least."""
    found: dict[Names, dict[int, Estimate]] = defaultdict(dict)
    for group in (group for task in tasks for group in task.groups):
        error = group.score(HEADLINE)
        if error is not None:
            found[group.names([CANVAS])][group.side] = error
    return [(names, dict(sorted(sides.items()))) for names, sides in sorted(found.items()) if len(sides) >= 2]


def error_table(data: str, rows: ErrorRows, quality: Quality) -> Table:
    """The primary metric by side. Each side has its own canvases, so columns are not paired."""
    sides = sorted({side for _, found in rows for side in found})
    body = tuple(
        (TableCell(names.label), *(error_cell(found.get(side), quality) for side in sides)) for names, found in rows
    )
    return Table(
        f"{data}: {quality.name} by image side",
        f"Test {quality.head}, mean policy; each side has its own test canvases.",
        ("mechanism", *(f"{side} px" for side in sides)),
        body,
    )


def error_figure(data: str, rows: ErrorRows, styles: Mapping[str, SeriesStyle], quality: Quality) -> Figure:
    """The primary metric against the image side."""
    x = side_axis(sorted({side for _, found in rows for side in found}))
    y = Axis(
        svg.linear([found.shown.high for _, sides in rows for found in sides.values()], *Y_RANGE),
        f"test {quality.head}",
        quality.tick,
    )
    marks: list[Markup] = []
    for names, found in rows:
        places = [(x.scale(side), y.scale(error.mean)) for side, error in found.items()]
        style = styles[names.name]
        marks.append(svg.line(places, style))
        for place, (side, error) in zip(places, found.items(), strict=True):
            ends = [(place[0], y.scale(bound)) for bound in error.shown]
            marks.append(svg.whisker(ends[0], ends[1], style, "whisker"))
            marks.append(
                svg.point(*place, style, f"{names.label}, {side} px: {quality.written(error.mean)}{quality.unit}")
            )
    return Figure(
        f"{quality.title} against image side",
        "Vertical lines: the 95 % interval for a new seed and new test images; with one seed, for new images only.",
        frame(f"Test {quality.name} against image side, {data}", x, y, marks),
        legend([(names.label, styles[names.name]) for names, _ in rows]),
    )
