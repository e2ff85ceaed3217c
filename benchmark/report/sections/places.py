"""Localisation: glimpses and attention maps compared with the annotated boxes, as a table and a figure."""

from collections.abc import Callable, Mapping

from markupsafe import Markup

from benchmark.report.analysis import formats
from benchmark.report.analysis.estimates import Estimate
from benchmark.report.analysis.grouping import HEADLINE, MODES, Group, ReportTask
from benchmark.report.draw import svg
from benchmark.report.draw.chart import WIDTH, Figure, ruler
from benchmark.report.draw.palette import SeriesStyle
from benchmark.report.draw.table import Table, TableCell
from benchmark.report.sections.tables import NOTHING

PLACES: Mapping[str, tuple[str, Callable[[float], str]]] = {
    "hit_rate": ("glimpses on an object, %", formats.percent),
    "first_distance": ("first glimpse to nearest object, px", lambda value: f"{value:.1f}"),
    "aim_distance": ("nearest glimpse to an object's centre, px", lambda value: f"{value:.1f}"),
    "coverage": ("objects with a glimpse, %", formats.percent),
    "switches": ("moves from one object to another", lambda value: f"{value:.2f}"),
    "pointing": ("attention peak on an object (pointing game), %", formats.percent),
    "iou": ("attended region and box (IoU), %", formats.percent),
    "mass": ("attention inside boxes, %", formats.percent),
    "named": ("attention inside the boxes of the word, %", formats.percent),
    "on_its_digit": ("glimpses on the next digit, %", formats.percent),
    "in_order": ("steps in reading order, %", formats.percent),
}
RANDOM = "random"
"""The evaluation mode with the same weights and glimpses at uniformly random places."""

LEFT, RIGHT, ROW = 8.0, WIDTH - 14.0, 40.0


def table(task: ReportTask) -> Table:
    """Localisation by mechanism: the mean policy, the other evaluation modes beneath."""
    rows = []
    columns = {key: place for key, place in PLACES.items() if any(has_measure(group, key) for group in task.groups)}
    for group in sorted(task.groups, key=lambda group: group.is_control):
        if any(has_measure(group, key) for key in columns):
            rows.append((TableCell(group.label), *(cell(group, key, show) for key, (_, show) in columns.items())))
    controls = " The last rows are the controls." if any(group.is_control for group in task.groups) else ""
    return Table(
        f"{task.name}: where it looked",
        f"Against the annotated boxes; mean policy, the other evaluation modes beneath.{controls}",
        ("mechanism", *(head for head, _ in columns.values())),
        tuple(rows),
    )


def has_measure(group: Group, key: str) -> bool:
    """Whether a group has this measure in any evaluation mode."""
    return any(group.measure("localisation", mode, key) for mode in modes(group))


def modes(group: Group) -> list[str]:
    """The evaluation modes in which a group's localisation was measured."""
    held = set(group.runs[0].record["localisation"])
    return [mode for mode in MODES if mode in held] + sorted(held - set(MODES))


def cell(group: Group, key: str, show: Callable[[float], str]) -> TableCell:
    """One measure of a group: the mean policy, the other evaluation modes beneath."""
    found = {mode: estimate for mode in modes(group) if (estimate := group.measure("localisation", mode, key))}
    headline = found.pop(HEADLINE, None)
    notes = tuple(f"{MODES.get(mode, mode)} {show(estimate.mean)}" for mode, estimate in found.items())
    return TableCell(show(headline.mean), notes) if headline else TableCell(NOTHING.text, notes, NOTHING.tone)


def figure(task: ReportTask, styles: Mapping[str, SeriesStyle]) -> Figure | None:
    """The share of glimpses on an object, of the policy and at random places; None where not measured."""
    rows = [
        (group, found.mean, anywhere.mean if (anywhere := rate(group, RANDOM)) else None)
        for group in task.groups
        if (found := rate(group, HEADLINE))
    ]
    if not rows:
        return None
    scale = svg.Scale(0.0, 1.0, LEFT, RIGHT, False)
    height = ROW * len(rows) + 44
    parts = ruler(scale, height, "glimpses on an object, %", lambda tick: f"{100 * tick:.0f}")
    for place, (group, share, base) in enumerate(rows):
        parts += dumbbell(group.label, share, base, scale, 8 + ROW * place, styles[group.name()])
    return Figure(
        "Glimpses on an object",
        "Filled: the mean policy. Hollow: the same weights with glimpses at random places. The line between: what "
        "the policy has learned.",
        svg.drawing(WIDTH, height, f"Share of glimpses on an object for each mechanism on {task.name}", parts),
        Markup(),
    )


def rate(group: Group, mode: str) -> Estimate | None:
    """The share of glimpses on an object."""
    return group.measure("localisation", mode, "hit_rate")


def dumbbell(
    label: str, share: float, base: float | None, scale: svg.Scale, y: float, style: SeriesStyle
) -> list[Markup]:
    """One row of the figure: a line from random glimpses to the policy."""
    middle = y + 23
    parts = [
        svg.text(LEFT, y + 11, svg.shorten(label), "label", "start"),
        svg.text(RIGHT, y + 11, f"{100 * share:.0f} %", "value", "end"),
    ]
    if base is not None:
        parts.append(svg.whisker((scale(base), middle), (scale(share), middle), style, "whisker"))
        parts.append(
            svg.tag(
                "circle",
                svg.tag("title", f"random glimpses: {100 * base:.0f} %"),
                cx=scale(base),
                cy=middle,
                r=4.0,
                class_="hollow",
                style=f"stroke:{style.colour}",
            )
        )
    return [*parts, svg.point(scale(share), middle, style, f"{label}: {100 * share:.0f} %")]
