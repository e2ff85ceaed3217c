"""The picture of a claim: each number with its interval, over the region that the claim says it lies in."""

import math
from collections.abc import Sequence
from typing import NamedTuple, final

from markupsafe import Markup

from benchmark.claims.judged import JudgedClaim
from benchmark.claims.tables import unit_of
from benchmark.report.analysis import formats
from benchmark.report.draw import svg
from benchmark.report.draw.palette import SeriesStyle
from benchmark.report.draw.svg import Scale

WIDTH, LEFT, RIGHT, ROW, TOP, BOTTOM = 760.0, 270.0, 24.0, 40.0, 10.0, 44.0
"""In view-box units. LEFT: room for the names of rows."""

INK = SeriesStyle("var(--ink)", "none", "circle")


@final
class ForestRow(NamedTuple):
    """A number as it is shown. low, high: of its 95 % interval, equal to the value where there is none. region: bounds,
    infinite where there is none.
    """

    name: str
    note: str
    value: float
    low: float
    high: float
    region: tuple[float, float]


def rows_of(judged: JudgedClaim) -> list[ForestRow]:
    """The numbers of a claim on a task."""
    scale = judged.evidence.scale
    rows = []
    for part in judged.evidence.parts:
        factor, _, _ = unit_of(part, scale)
        interval = part.found.interval
        low, high = interval or (part.found.difference, part.found.difference)
        value, low, high = (factor * part.shown(each) for each in (part.found.difference, low, high))
        low = -math.inf if part.found.bound in ("at most", "unknown") else low
        high = math.inf if part.found.bound in ("at least", "unknown") else high
        bounds = tuple(factor * part.shown(bound) if math.isfinite(bound) else bound for bound in part.region)
        rows.append(ForestRow(judged.evidence.task, part.words, value, low, high, (bounds[0], bounds[1])))
    return rows


def forest(name: str, axis: str, rows: Sequence[ForestRow]) -> Markup:
    """The drawing. axis: name of the horizontal axis."""
    finite = [each for row in rows for each in (row.value, row.low, row.high, *row.region) if math.isfinite(each)]
    low, high = min(finite), max(finite)
    room = 0.08 * (high - low or abs(high) or 1.0)
    x = Scale(low - room, high + room, LEFT, WIDTH - RIGHT, False)
    bottom = TOP + ROW * len(rows)
    ticks = x.ticks()
    parts = [svg.tag("line", x1=x(t), x2=x(t), y1=TOP, y2=bottom, class_="grid") for t in ticks]
    parts += [svg.text(x(t), bottom + 16, formats.minus(f"{t:g}"), "tick", "middle") for t in ticks]
    parts.append(svg.text((LEFT + WIDTH - RIGHT) / 2, bottom + 36, axis, "name", "middle"))
    for place, row in enumerate(rows):
        parts += row_marks(row, TOP + ROW * (place + 0.5), x)
    return svg.drawing(WIDTH, bottom + BOTTOM, name, parts)


def row_marks(row: ForestRow, y: float, x: Scale) -> list[Markup]:
    """One row: the region as a band, the interval as a line, the value as a point."""
    start, end, low, high = (min(max(bound, x.low), x.high) for bound in (*row.region, row.low, row.high))
    value = formats.minus(f"{row.value:.3g} ({row.low:.3g} to {row.high:.3g})").replace("inf", "∞")
    return [
        svg.tag("rect", x=x(start), y=y - ROW * 0.4, width=x(end) - x(start), height=ROW * 0.8, class_="region"),
        svg.whisker((x(low), y), (x(high), y), INK, "interval"),
        svg.point(x(row.value), y, INK, f"{row.name}, {row.note}: {value}"),
        svg.text(LEFT - 10, y - 3, svg.shorten(row.name), "name", "end"),
        svg.text(LEFT - 10, y + 12, svg.shorten(row.note), "tick", "end"),
    ]
