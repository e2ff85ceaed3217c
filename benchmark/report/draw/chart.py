"""Charts: a frame with two axes, which figures fill with marks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

from markupsafe import Markup

from benchmark.report.draw import svg
from benchmark.report.draw.palette import SeriesStyle
from benchmark.report.draw.svg import Scale

WIDTH, HEIGHT = 460.0, 300.0
LEFT, RIGHT, TOP, BOTTOM = 62.0, 14.0, 14.0, 46.0
"""Margins of the plot in view-box units; tick labels and axis names fit at the style sheet's 12 units."""

X_RANGE = (LEFT, WIDTH - RIGHT)
Y_RANGE = (HEIGHT - BOTTOM, TOP)


@final
@dataclass(frozen=True)
class Axis:
    """A scale with a name and a format for ticks. ticks: their values, empty for those of the scale."""

    scale: Scale
    name: str
    show: Callable[[float], str]
    ticks: tuple[float, ...] = ()

    @property
    def places(self) -> Sequence[float]:
        return self.ticks or self.scale.ticks()


@final
@dataclass(frozen=True)
class Figure:
    """An SVG picture with its name, caption and legend."""

    name: str
    caption: str
    picture: Markup
    legend: Markup


def frame(name: str, x: Axis, y: Axis, marks: Sequence[Markup]) -> Markup:
    """A chart of the standard size."""
    left, right = x.scale.start, x.scale.end
    bottom, top = y.scale.start, y.scale.end
    grid = [svg.tag("line", x1=left, x2=right, y1=y.scale(tick), y2=y.scale(tick), class_="grid") for tick in y.places]
    y_ticks = [svg.text(left - 7, y.scale(tick) + 4, y.show(tick), "tick", "end") for tick in y.places]
    x_ticks = [svg.text(x.scale(tick), bottom + 17, x.show(tick), "tick", "middle") for tick in x.places]
    stubs = [
        svg.tag("line", x1=x.scale(tick), x2=x.scale(tick), y1=bottom, y2=bottom + 4, class_="axis")
        for tick in x.places
    ]
    axis = svg.tag("line", x1=left, x2=right, y1=bottom, y2=bottom, class_="axis")
    middle = (bottom + top) / 2
    names = [
        svg.text((left + right) / 2, bottom + 36, x.name, "name", "middle"),
        svg.tag(
            "text", y.name, transform=f"translate(13,{middle:.0f}) rotate(-90)", class_="name", text_anchor="middle"
        ),
    ]
    return svg.drawing(WIDTH, HEIGHT, name, [*grid, axis, *stubs, *y_ticks, *x_ticks, *names, *marks])


def ruler(scale: Scale, height: float, name: str, show: Callable[[float], str]) -> list[Markup]:
    """The horizontal axis beneath rows: a line and a label for each tick, and its name. height: of the drawing."""
    ticks = scale.ticks()
    grid = [svg.tag("line", x1=scale(tick), x2=scale(tick), y1=6.0, y2=height - 38, class_="grid") for tick in ticks]
    labels = [svg.text(scale(tick), height - 24, show(tick), "tick", "middle") for tick in ticks]
    return [*grid, *labels, svg.text((scale.start + scale.end) / 2, height - 6, name, "name", "middle")]


def legend(entries: Sequence[tuple[str, SeriesStyle]]) -> Markup:
    """The legend: each label with its line and mark, as an HTML list that wraps."""
    items = []
    for label, style in entries:
        swatch = svg.tag(
            "svg",
            svg.join([svg.line([(1, 7), (27, 7)], style), svg.point(14, 7, style, "")]),
            viewBox="0 0 28 14",
            class_="swatch",
            aria_hidden="true",
        )
        items.append(svg.tag("li", svg.join([swatch, svg.tag("span", label)])))
    return svg.tag("ul", svg.join(items), class_="legend")
