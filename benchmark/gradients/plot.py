"""The plot of a measurement: variance, and variance at equal time, of each estimator at each point of training."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from benchmark.evaluation.confusion import INK, PAPER, QUIET
from benchmark.gradients.findings import WEIGHTS, EstimatorFinding, Findings

matplotlib.use("Agg")

FAINT = "#3a3a3a"
COLOURS = ("#fee391", "#fe9929", "#cc4c02", "#8c6bb1", "#4eb3d3")
"""Of the points of training in order; further ones begin anew."""
MARKS = ("o", "D", "s", "^", "v")
APART = 0.2
"""Rows between the marks of two points of training."""


class Place(NamedTuple):
    """Where a mark stands. open: whether the value is at most that."""

    value: float
    open: bool


class Panel(NamedTuple):
    """One measure. place: of an estimator's part, None where it is not known."""

    title: str
    place: Callable[[EstimatorFinding, str], Place | None]


def bias(found: EstimatorFinding, part: str) -> Place | None:
    """The bias from the gradient of the bound, in percent; where none is told from zero, what it is at most."""
    if "bound" not in found.bias:
        return None
    one = found.bias["bound"][part]
    value = one.limit if one.share is None else one.share
    return Place(100 * value, one.share is None) if math.isfinite(value) else None


VARIANCE = (
    Panel("variance of a step", lambda found, part: Place(found.variance[part].value, False)),
    Panel("variance at equal time, x seconds of a step", lambda found, part: Place(found.at_equal_time(part), False)),
)
BIAS = Panel("bias from the bound's gradient, % of its norm", bias)


def plot(findings: Findings) -> Figure:
    """A panel for each part of the gradient and each measure, a row for each estimator. Bias is left out where it is
    not known.
    """
    names = findings.estimators
    panels = [*VARIANCE, *([BIAS] if any(each.bias for point in findings.points for each in point.findings) else [])]
    size = (1.6 + 4.1 * len(panels), 2.0 + 0.62 * len(names))
    figure = Figure(figsize=size, layout="constrained", facecolor=PAPER)
    grid = figure.subplots(len(WEIGHTS), len(panels), squeeze=False, sharey=True)
    for axes, (part, whose) in zip(grid, WEIGHTS.items(), strict=True):
        for axis, panel in zip(axes, panels, strict=True):
            draw(axis, findings, panel, part)
            axis.set_title(panel.title, color=QUIET, fontsize=9, loc="left")
        axes[0].set_ylabel(whose, color=INK, fontsize=10, labelpad=10)
    handles, labels = grid[0][0].get_legend_handles_labels()
    hollow = [] if len(panels) == len(VARIANCE) else ["hollow: at most so much, none is told from zero"]
    handles += [Line2D([], [], marker="o", linestyle="", color=QUIET, fillstyle="none") for _ in hollow]
    figure.legend(handles, [*labels, *hollow], loc="outside lower center", ncols=4, frameon=False, labelcolor=INK,
                  fontsize=9)  # fmt: skip
    figure.suptitle(f"{findings.run}: a batch of {findings.images}, {findings.draws} draws", color=INK, fontsize=10,
                    x=0.01, ha="left", parse_math=False)  # fmt: skip
    return figure


def draw(axis: Axes, findings: Findings, panel: Panel, part: str) -> None:
    """One measure on a logarithmic scale. Zero, as of an enumerated gradient, is written at the left edge."""
    names = findings.estimators
    places = [{each.estimator: panel.place(each, part) for each in point.findings} for point in findings.points]
    shown = [at.value for each in places for at in each.values() if at is not None and at.value > 0]
    least, most = (min(shown), max(shown)) if shown else (1.0, 1.0)
    axis.set_xscale("log")
    axis.set_xlim(least / 4, most * 2)
    for number, (point, held) in enumerate(zip(findings.points, places, strict=True)):
        colour, mark = COLOURS[number % len(COLOURS)], MARKS[number % len(MARKS)]
        style: dict[str, Any] = {
            "color": colour,
            "markersize": 6,
            "linestyle": "",
            "marker": mark,
            "markeredgewidth": 1.1,
        }
        axis.plot([], [], label=point.title, **style)
        for row, name in enumerate(names):
            at, y = held.get(name), row + APART * (number - (len(places) - 1) / 2)
            if at is not None and at.value > 0:
                axis.plot([at.value], [y], fillstyle="none" if at.open else "full", **style)
            elif at is not None and not number:
                axis.annotate("0", (least / 3.4, row), color=QUIET, fontsize=8, va="center")
    axis.set_yticks(range(len(names)), names, parse_math=False)
    axis.set_ylim(len(names) - 0.4, -0.6)
    axis.set_facecolor(PAPER)
    axis.tick_params(colors=QUIET, labelsize=8, length=0, which="both")
    axis.xaxis.set_major_locator(LogLocator(numticks=7))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.grid(axis="both", color=FAINT, linewidth=0.6)
    axis.set_axisbelow(True)
    axis.spines[:].set_visible(False)
