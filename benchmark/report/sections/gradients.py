"""Estimators of the gradient, compared at the same weights: variance, bias, time, memory."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from markupsafe import Markup

from benchmark.gradients.findings import TARGETS, WEIGHTS, EstimatorFinding, Findings, PointFindings
from benchmark.gradients.tables import decomposition
from benchmark.report.analysis import formats
from benchmark.report.draw import svg
from benchmark.report.draw.chart import WIDTH, Figure, legend
from benchmark.report.draw.palette import SeriesStyle, style_of
from benchmark.report.draw.table import Table, TableCell
from benchmark.report.read.gradients import read_gradients
from benchmark.report.sections.tables import NOTHING
from benchmark.report.sections.task import Part

ROW, LEFT, APART = 34.0, 150.0, 7.0
"""View-box units: height of an estimator's row, its labels' width, distance of the marks of two points."""
LONGEST = 24
"""Characters of a label that fit."""


def gradient_parts(study: Path) -> tuple[tuple[Part, ...], list[str]]:
    """A part for each measurement of a study, and a warning for each that cannot be shown."""
    found, warnings = read_gradients(study)
    parts = []
    for each in found:
        try:
            parts.append(part_of(each))
        except Exception as error:  # of values that no measurement has had
            warnings.append(f"The gradients of {each.run} are not shown ({type(error).__name__}).")
    return tuple(parts), warnings


def part_of(findings: Findings) -> Part:
    """The figures, the table of the last point of training, and those of the others."""
    figures, points = [], legend(entries(findings))
    for part, whose in WEIGHTS.items():
        for what, note, value in MEASURES:
            of_part = partial(value, part=part)
            if has_any(findings, of_part):
                figures.append(Figure(f"{what}, {whose}", note, picture(findings, what, of_part), points))
    tables = [table(findings, point) for point in findings.points]
    return Part(findings.run, tuple(figures), tuple(tables[-1:]), tuple(tables[:-1]))


def variance(found: EstimatorFinding, part: str) -> float:
    return found.variance[part].value


Value = Callable[[EstimatorFinding], float]
MEASURES: tuple[tuple[str, str, Callable[..., float]], ...] = (
    (
        "Variance",
        "The trace of the covariance of one step's gradient, over draws of glimpses. Zero has no mark.",
        variance,
    ),
    (
        "Variance at equal time",
        "Variance times the seconds of a step, forward and backward. Zero has no mark.",
        EstimatorFinding.at_equal_time,
    ),
)


def has_any(findings: Findings, value: Value) -> bool:
    return any(value(each) > 0 for point in findings.points for each in point.findings)


def entries(findings: Findings) -> list[tuple[str, SeriesStyle]]:
    """The points of training with their marks."""
    return [(point.title, style_of("glimpse", place, place)) for place, point in enumerate(findings.points)]


def picture(findings: Findings, what: str, value: Value) -> Markup:
    """A row for each estimator, a mark for each point of training, on a logarithmic scale; zeros are left out."""
    names, styles = findings.estimators, entries(findings)
    known = [value(each) for point in findings.points for each in point.findings if value(each) > 0]
    scale = svg.logarithmic(known, LEFT, WIDTH - 14)
    bottom = 8 + ROW * len(names)
    parts = []
    for tick in scale.ticks():
        parts.append(svg.tag("line", x1=scale(tick), x2=scale(tick), y1=6.0, y2=bottom, class_="grid"))
        parts.append(svg.text(scale(tick), bottom + 16, f"{tick:.3g}", "tick", "middle"))
    for row, name in enumerate(names):
        middle = 8 + ROW * (row + 0.5)
        parts.append(svg.text(LEFT - 8, middle + 4, svg.shorten(name, LONGEST), "tick", "end"))
        for place, (point, (title, style)) in enumerate(zip(findings.points, styles, strict=True)):
            y = middle + APART * (place - (len(styles) - 1) / 2)
            parts += [
                svg.point(scale(value(each)), y, style, f"{name}, {title}: {value(each):.3g}")
                for each in point.findings
                if each.estimator == name and value(each) > 0
            ]
    return svg.drawing(WIDTH, bottom + 26, f"{what} of each estimator, {findings.run}", parts)


def table(findings: Findings, point: PointFindings) -> Table:
    """The numbers of a point of training."""
    heads = (
        "estimator", "trajectories", "variance, policy", "variance, rest", "x seconds, policy", "x seconds, rest",
        *(f"bias from {TARGETS[target]}, {part}" for target in point.targets for part in WEIGHTS), "step, ms", "memory",
    )  # fmt: skip
    return Table(f"{findings.run}: gradients at {point.title}", reading(findings, point), heads,
                 tuple(cells(each, point.targets) for each in point.findings))  # fmt: skip


def reading(findings: Findings, point: PointFindings) -> str:
    """How to read the table, and where the log-likelihood is lost."""
    known = "; ".join(f"{name} {value}" for name, value in decomposition(point))
    return (
        f"A batch of {findings.images} images, {findings.draws} draws. Bias: distance of the mean gradient from the "
        'exact one, as a share of its norm; "<" where three standard errors do not tell it from zero. '
        + (f"No exact gradient: {point.reason}" if point.reason else f"Nats per image: {known}.")
    )


def cells(found: EstimatorFinding, targets: Sequence[str]) -> tuple[TableCell, ...]:
    """The row of an estimator."""
    return (
        TableCell(found.estimator),
        TableCell(str(found.trajectories or "all")),
        *(TableCell(f"{found.variance[part].value:.2e}", (f"± {found.variance[part].error:.1e}",)) for part in WEIGHTS),
        *(TableCell(f"{found.at_equal_time(part):.2e}") for part in WEIGHTS),
        *(TableCell(found.bias[target][part].text) if target in found.bias else NOTHING
          for target in targets for part in WEIGHTS),
        TableCell(f"{1000 * found.seconds:.1f}"),
        TableCell(formats.memory(found.bytes)),
    )  # fmt: skip
