"""The figures of a task and of its data: bars, scatter, lines, learning curves."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from markupsafe import Markup

from benchmark.report.analysis import formats
from benchmark.report.analysis.estimates import Estimate
from benchmark.report.analysis.grouping import HEADLINE, Group, ReportTask
from benchmark.report.analysis.predictions import Predictions
from benchmark.report.analysis.published import Published, published_for
from benchmark.report.analysis.quality import Quality
from benchmark.report.analysis.statistics import Interval
from benchmark.report.draw import svg
from benchmark.report.draw.chart import WIDTH, X_RANGE, Y_RANGE, Axis, Figure, frame, legend, ruler
from benchmark.report.draw.palette import SeriesStyle
from benchmark.report.sections.overlap import BINS, share_by_bin

Styles = Mapping[str, SeriesStyle]
ROW = 40.0
BARS_LEFT, BARS_RIGHT = 8.0, WIDTH - 14.0


def bars(task: ReportTask, numbers: Sequence[Published], styles: Styles) -> Figure:
    """The primary metric by mechanism, best first, with its interval, the single seeds and the published numbers."""
    quality = task.quality
    rows = [(group, error) for group in task.groups if (error := group.score(HEADLINE))]
    marks_of = {
        group.label: [entry.value / quality.factor for entry in published_for(numbers, group)] for group, _ in rows
    }
    top = max(
        [max(*error.scores, error.shown.high) for _, error in rows] + [p for marks in marks_of.values() for p in marks]
    )
    scale = svg.linear([top * 1.08], BARS_LEFT, BARS_RIGHT)
    height = ROW * len(rows) + 44
    parts = ruler(scale, height, f"test {quality.head} (mean policy)", quality.tick)
    for place, (group, error) in enumerate(rows):
        parts += bar(group, error, marks_of[group.label], scale, 8 + ROW * place, styles[group.name()])
    strokes = " Vertical stroke: published." if any(marks_of.values()) else ""
    return Figure(
        f"Test {quality.name}",
        "Bar: mean over seeds. Thick line: 95 % interval for a new seed and new test images; thin line beneath: for "
        f"new test images only. Small dots: single seeds.{strokes}",
        svg.drawing(WIDTH, height, f"Test {quality.name} of each mechanism on {task.name}, best first", parts),
        Markup(),
    )


def bar(
    group: Group, error: Estimate, marks: Sequence[float], scale: svg.Scale, y: float, style: SeriesStyle
) -> list[Markup]:
    """One row of the bar chart: label, bar, intervals, seeds and published marks."""
    middle, quality = y + 24, group.quality
    parts = [
        svg.text(BARS_LEFT, y + 11, svg.shorten(group.label), "label", "start"),
        svg.text(BARS_RIGHT, y + 11, f"{quality.written(error.mean)}{quality.unit}", "value", "end"),
        svg.tag(
            "rect",
            x=scale(0),
            y=y + 17,
            width=max(scale(error.mean) - scale(0), 1.0),
            height=14.0,
            class_="bar",
            style=f"fill:{style.colour}",
        ),
    ]
    parts += level(error.interval, middle, "interval", scale) + level(error.images, y + 34, "thin", scale)
    parts += [svg.tag("circle", cx=scale(score), cy=middle, r=2.2, class_="seed") for score in error.scores]
    parts += [
        svg.tag(
            "line",
            svg.tag("title", f"published: {quality.tick(mark)}{quality.unit}"),
            x1=scale(mark),
            x2=scale(mark),
            y1=y + 13,
            y2=y + 35,
            class_="published",
        )
        for mark in marks
    ]
    return parts


def level(interval: Interval | None, y: float, kind: str, scale: svg.Scale) -> list[Markup]:
    """An interval as a horizontal line; nothing for None."""
    if interval is None:
        return []
    return [svg.tag("line", x1=scale(interval.low), x2=scale(interval.high), y1=y, y2=y, class_=kind)]


def scatter(task: ReportTask, styles: Styles) -> Figure | None:
    """Multiply-adds against the primary metric; None where no group has both."""
    rows = [
        (group, error, adds.mean)
        for group in task.groups
        if (error := group.score(HEADLINE)) and (adds := group.measure("cost", "multiply_adds")) and adds.mean > 0
    ]
    if not rows:
        return None
    x = Axis(svg.logarithmic([cost for _, _, cost in rows], *X_RANGE), "multiply-adds per image", formats.count)
    quality = task.quality
    ends = [end for _, error, _ in rows for end in error.shown if end > 0]  # 0 has no place on a logarithmic axis
    y = quality_axis(quality, [*(error.mean for _, error, _ in rows), *ends], task.test_images)
    marks: list[Markup] = []
    for group, error, cost in rows:
        style, place = styles[group.name()], x.scale(cost)
        low, high = error.shown
        marks.append(svg.whisker((place, y.scale(low)), (place, y.scale(high)), style, "whisker"))
        note = f"{group.label}: {quality.written(error.mean)}{quality.unit} at {formats.count(cost)} multiply-adds"
        marks.append(svg.point(place, y.scale(error.mean), style, note))
    return Figure(
        "Cost against primary metric",
        f"Left and {'high' if quality.headline.higher_is_better else 'low'} is better. Lines: the 95 % interval "
        "for a new seed and new test images; with one seed, for new test images only. A line down to the axis ends "
        "at 0.",
        frame(f"Test {quality.name} against multiply-adds on {task.name}", x, y, marks),
        legend([(group.label, styles[group.name()]) for group, _, _ in rows]),
    )


def quality_axis(quality: Quality, values: Sequence[float], images: int) -> Axis:
    """The y axis of the primary metric: logarithmic for errors, so that small ones show; from zero for scores."""
    name = f"test {quality.head}"
    if quality.headline.higher_is_better:
        return Axis(svg.linear(values, *Y_RANGE), name, quality.tick)
    least = 0.5 / images  # an error of 0 has no logarithm: it is drawn as half an image
    return Axis(svg.logarithmic([max(value, least) for value in values], *Y_RANGE), name, quality.tick)


def overlap(task: ReportTask, predictions: Mapping[Path, Predictions], styles: Styles) -> Figure | None:
    """Error against the overlap of the digits; None without predictions."""
    rows = [(group, shares) for group in task.groups if (shares := share_by_bin(group, predictions, HEADLINE))]
    if not rows:
        return None
    places = tuple(float(place) for place in range(len(BINS)))
    x = Axis(
        svg.Scale(-0.35, len(BINS) - 0.65, *X_RANGE, False),
        "overlap of the two digits",
        lambda tick: BINS[round(tick)],
        places,
    )
    known = [estimate.mean for _, shares in rows for estimate, _ in shares if estimate]
    y = quality_axis(task.quality, known, task.test_images)
    marks: list[Markup] = []
    for group, shares in rows:
        points = [
            (x.scale(place), y.scale(found.mean), found.mean)
            for place, (found, _) in zip(places, shares, strict=True)
            if found
        ]
        marks.append(svg.line([(px, py) for px, py, _ in points], styles[group.name()]))
        marks += [
            svg.point(px, py, styles[group.name()], f"{group.label}: {formats.percent(mean)} %")
            for px, py, mean in points
        ]
    return Figure(
        "Error against overlap",
        "Mean over seeds, mean policy; the table has the intervals.",
        frame(f"Test error against the overlap of the two digits on {task.name}", x, y, marks),
        legend([(group.label, styles[group.name()]) for group, _ in rows]),
    )
