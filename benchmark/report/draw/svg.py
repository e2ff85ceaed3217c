"""Scales and marks as SVG; text and lines take their colours from the page's style sheet."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from markupsafe import Markup, escape

from benchmark.report.draw.palette import SeriesStyle


@final
@dataclass(frozen=True)
class Scale:
    """A linear or logarithmic map from values in [low, high] to coordinates in [start, end]."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool

    def __call__(self, value: float) -> float:
        """The coordinate of a value; a value outside the range is clipped."""
        bounded = min(max(value, self.low), self.high)
        if self.logarithmic:
            share = math.log(bounded / self.low) / math.log(self.high / self.low)
        else:
            share = (bounded - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Round values within the range: about five, or the decades of a wide logarithmic one."""
        if self.logarithmic:
            decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            for steps in ((1,), (1, 2, 5)):
                places = [step * 10.0**decade for decade in decades for step in steps]
                inside = [place for place in places if self.low <= place <= self.high]
                if len(inside) > 2:
                    return inside
        step = round_step((self.high - self.low) / 5)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [place * step for place in range(first, last + 1)]


def round_step(rough: float) -> float:
    """The smallest of 1, 2, 5 or 10 times a power of ten that is at least `rough`."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * (1 - 1e-9))


def linear(values: Sequence[float], start: float, end: float) -> Scale:
    """A linear scale from zero to a little above the largest value."""
    return Scale(0.0, max([*values, 1e-9]) * 1.06, start, end, False)


def logarithmic(values: Sequence[float], start: float, end: float) -> Scale:
    """A logarithmic scale a little beyond all values, which are positive."""
    margin = max((max(values) / min(values)) ** 0.06, 1.15)
    return Scale(min(values) / margin, max(values) * margin, start, end, True)


def tag(name: str, content: str = "", **attributes: object) -> Markup:
    """An SVG or HTML element. Attributes and content are escaped, Markup is not; class_ is class, _ is a hyphen."""
    names = {key: key.rstrip("_").replace("_", "-") for key in attributes}
    inside = "".join(f' {names[key]}="{escape(shown(value))}"' for key, value in attributes.items())
    return Markup(f"<{name}{inside}>{escape(content)}</{name}>")  # every part is escaped


def shown(value: object) -> object:
    """A coordinate to a hundredth of a pixel."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else value


def join(parts: Sequence[Markup]) -> Markup:
    """Elements one after the other."""
    return Markup("").join(parts)


def line(points: Sequence[tuple[float, float]], style: SeriesStyle) -> Markup:
    """A line through points, in a mechanism's colour and dash."""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return tag("polyline", points=path, class_="line", style=f"stroke:{style.colour}", stroke_dasharray=style.dash)


def band(low: Sequence[tuple[float, float]], high: Sequence[tuple[float, float]], style: SeriesStyle) -> Markup:
    """The area between two lines."""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in [*low, *reversed(high)])
    return tag("polygon", points=path, class_="band", style=f"fill:{style.colour}")


def whisker(start: tuple[float, float], end: tuple[float, float], style: SeriesStyle, kind: str) -> Markup:
    """An interval as a line; kind is its style class."""
    return tag("line", x1=start[0], y1=start[1], x2=end[0], y2=end[1], class_=kind, style=f"stroke:{style.colour}")


SHAPES = {
    "square": "M-4,-4H4V4H-4Z", "diamond": "M0,-5.4L5.4,0L0,5.4L-5.4,0Z", "triangle": "M0,-5.2L5,4H-5Z",
    "cross": "M-4.6,-2L-2,-4.6L0,-2.4L2,-4.6L4.6,-2L2.4,0L4.6,2L2,4.6L0,2.4L-2,4.6L-4.6,2L-2.4,0Z",
    "circle": "M-4.6,0A4.6,4.6 0 1 1 4.6,0A4.6,4.6 0 1 1 -4.6,0Z",
}  # fmt: skip


def point(x: float, y: float, style: SeriesStyle, note: str) -> Markup:
    """A mechanism's mark. note: its tooltip, which screen readers read."""
    return tag(
        "path",
        tag("title", note),
        d=SHAPES[style.mark],
        transform=f"translate({x:.1f},{y:.1f})",
        class_="point",
        style=f"fill:{style.colour}",
    )


def text(x: float, y: float, words: str, kind: str, anchor: str) -> Markup:
    """A text; kind is its style class, anchor one of start, middle and end."""
    return tag("text", words, x=x, y=y, class_=kind, text_anchor=anchor)


def shorten(label: str, most: int = 52) -> str:
    """A label cut to so many characters, by default those that fit above a bar."""
    return label if len(label) <= most else f"{label[: most - 1]}…"


def drawing(width: float, height: float, name: str, parts: Sequence[Markup]) -> Markup:
    """An SVG picture. name: its title for screen readers."""
    return tag(
        "svg",
        join([tag("title", name), *parts]),
        viewBox=f"0 0 {width:g} {height:g}",
        role="img",
        aria_label=name,
        xmlns="http://www.w3.org/2000/svg",
    )
