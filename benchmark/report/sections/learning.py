"""Learning curves: a small chart for each mechanism."""

from collections.abc import Sequence

from markupsafe import Markup

from benchmark.report.analysis import formats
from benchmark.report.analysis.curves import Curve, Tracked
from benchmark.report.draw import svg
from benchmark.report.draw.chart import X_RANGE, Y_RANGE, Axis, Figure, frame
from benchmark.report.sections.figures import Styles


def axes(curves: Sequence[Curve], of: Tracked) -> tuple[Axis, Axis]:
    """The axes of epochs and values, wide enough for all curves. The metric's name stands above the charts."""
    first, last = min(c.epochs[0] for c in curves), max(c.epochs[-1] for c in curves)
    epochs = svg.Scale(first, max(last, first + 1), *X_RANGE, False)
    scale = of.factor
    highest = max(value * scale for curve in curves for value in curve.high)
    lowest = min(0.0, *(value * scale for curve in curves for value in curve.low))
    values = svg.Scale(lowest, highest * 1.06 if highest > 0 else 1.0, *Y_RANGE, False)
    return Axis(epochs, "epoch", lambda tick: f"{tick:g}"), Axis(values, "", lambda tick: f"{tick:g}")


def learning_figures(curves: Sequence[Curve], of: Tracked, data: str, styles: Styles) -> list[Figure]:
    """One small chart per mechanism, all on the same axes, with the other mechanisms in grey."""
    scale = of.factor
    x, y = axes(curves, of)
    lines = [[(x.scale(e), y.scale(scale * value)) for e, value in zip(c.epochs, c.mean, strict=True)] for c in curves]
    figures = []
    for curve, path in zip(curves, lines, strict=True):
        style = styles[curve.names.name]
        lowest, highest = (
            [(px, y.scale(scale * value)) for (px, _), value in zip(path, side, strict=True)]
            for side in (curve.low, curve.high)
        )
        behind = [
            svg.tag("polyline", points=" ".join(f"{a:.1f},{b:.1f}" for a, b in other), class_="behind")
            for other in lines
            if other is not path
        ]
        ends = f"{of.name} {scale * curve.mean[-1]:.3g} at epoch {curve.epochs[-1]:g}"
        picture = frame(
            f"{curve.names.label} on {data}: {ends}",
            x,
            y,
            [
                *behind,
                svg.band(lowest, highest, style),
                svg.line(path, style),
                svg.point(*path[-1], style, f"{curve.names.label}: {ends}"),
            ],
        )
        unfinished = f", {curve.open} unfinished" if curve.open else ""
        figures.append(Figure(curve.names.label, formats.plural(curve.seeds, "seed") + unfinished, picture, Markup()))
    return figures
