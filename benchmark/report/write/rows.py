"""The rows of the CSV files: one observation per row, numbers unrounded."""

from collections.abc import Iterator
from typing import Any

from benchmark.report.analysis.annotations import read_by
from benchmark.report.analysis.comparisons import Comparison
from benchmark.report.analysis.estimates import Estimate
from benchmark.report.analysis.grouping import Group, ReportTask
from benchmark.report.analysis.published import Published, judge_number, published_for
from benchmark.report.analysis.statistics import Interval
from benchmark.report.read.folders import RunFolderName
from benchmark.report.sections.overlap import BINS, has_overlap, share_by_bin
from benchmark.report.sections.pairs import verdict
from benchmark.report.sections.places import PLACES
from benchmark.report.sections.sequences import measured
from benchmark.report.sections.tables import COSTS
from benchmark.report.write.assemble import Report
from benchmark.results.run_id import flatten

Row = dict[str, Any]


def groups(report: Report) -> Iterator[tuple[ReportTask, Group, Row]]:
    """Every group with the columns that name it."""
    for task in (section.task for section in report.tasks):
        for group in task.groups:
            names = {
                "task": task.name,
                "data": task.data,
                "mechanism": group.attention,
                "setting": group.setting,
                "differs": differs(group),
                "reads_annotations": " ".join(read_by(group.runs[0])),
            }
            yield task, group, names


def differs(group: Group) -> str:
    """The overrides of a group, separated by spaces."""
    return " ".join(f"{key}={value}" for key, value in group.runs[0].record["differs"].items())


def runs(report: Report) -> Iterator[Row]:
    """Every run, finished or not, with its whole record."""
    for done in report.study.finished:
        state = {"state": "finished", "message": "; ".join(done.remarks)}
        record = {f"record.{key}": value for key, value in flatten(done.record).items() if value != {}}
        yield {**place(done.address), **state, **record}
    for run in report.study.unfinished:
        yield {**place(run.address), "state": run.state, "message": run.message, "epoch": run.epoch}


def place(where: RunFolderName) -> Row:
    """The columns that name a run."""
    return {"mechanism": where.attention, "data": where.data, "seed": where.seed, "setting": where.setting}


def columns(name: str, estimate: Estimate, scale: float) -> Row:
    """An estimate's columns."""
    row: Row = {name: scale * estimate.mean, "seeds": len(estimate.scores)}
    return row | ends(estimate.interval, scale) | ends(estimate.images, scale, "images_")


def ends(interval: Interval | None, scale: float, kind: str = "") -> Row:
    """An interval's columns."""
    return {f"{kind}low": scale * interval.low, f"{kind}high": scale * interval.high} if interval else {}


def errors(report: Report) -> Iterator[Row]:
    """The primary metric by task, mechanism and evaluation mode; shares in percent."""
    for task, group, names in groups(report):
        for mode in task.modes:
            error = group.score(mode)
            if error:
                yield {
                    **names,
                    "mode": mode,
                    **columns(group.quality.column, error, group.quality.factor),
                    "images": task.test_images,
                }


def published(report: Report, numbers: list[Published]) -> Iterator[Row]:
    """Each measured primary metric beside each published number."""
    for _, group, names in groups(report):
        error = group.score("mean")
        for entry in published_for(numbers, group):
            if error is None:
                continue
            judged = judge_number(entry, group, error)
            yield {
                **names,
                "measure": entry.measure,
                **columns(group.quality.column, error, group.quality.factor),
                f"published_{'percent' if group.quality.headline.percent else 'value'}": entry.value,
                "system": entry.system,
                "paper": entry.paper,
                "version": entry.version,
                "published_setting": entry.setting,
                "sure": entry.sure,
                "verdict": judged.word,
                "reason": judged.reason,
            }


def paired(report: Report) -> Iterator[Row]:
    """Every paired comparison in every evaluation mode: first minus second, shares in points."""
    for section in report.tasks:
        for mode, comparisons in section.comparisons.items():
            for found in comparisons:
                yield {"task": section.task.name, "mode": mode, **paired_row(section.task, found)}


def paired_row(task: ReportTask, found: Comparison) -> Row:
    """One comparison's columns."""
    factor = task.quality.factor
    return {
        "first": task.groups[found.first].label,
        "second": task.groups[found.second].label,
        "first_seeds": found.seeds[0],
        "second_seeds": found.seeds[1],
        "difference_points" if task.quality.headline.percent else "difference": factor * found.difference,
        **ends(found.interval, factor),
        "p": found.contrast.p,
        "holm_p": found.finding.adjusted,
        "visible": None if found.finding.visible is None else factor * found.finding.visible,
        "verdict": verdict(found, task.quality),
    }


def overlaps(report: Report) -> Iterator[Row]:
    """Error in percent by mechanism, evaluation mode and bin of overlap, where digits overlap."""
    held = {section.task.name: section.predictions for section in report.tasks}
    for task, group, names in groups(report):
        for mode in task.modes if has_overlap(held[task.name], task.quality.headline.binary) else ():
            for name, (estimate, size) in zip(BINS, share_by_bin(group, held[task.name], mode), strict=False):
                if estimate:
                    yield {
                        **names,
                        "mode": mode,
                        "overlap": name,
                        "images": size,
                        **columns("error_percent", estimate, 100),
                    }


def sequences(report: Report) -> Iterator[Row]:
    """Errors per digit, of the length and by length, in percent."""
    for task, group, names in groups(report):
        for mode in task.modes:
            for *keys, found in measured(task, group, mode):
                named = dict(zip(("measure", "length", "images"), keys, strict=True))
                yield {**names, "mode": mode, **named, **columns("error_percent", found, 100)}


def localisation(report: Report) -> Iterator[Row]:
    """Localisation by mechanism and evaluation mode: distances in pixels, all else as fractions."""
    for _, group, names in groups(report):
        for mode in group.runs[0].record["localisation"]:
            for key in PLACES:
                found = group.measure("localisation", mode, key)
                if found:
                    yield {**names, "mode": mode, "measure": key, **columns("value", found, 1)}


def costs(report: Report) -> Iterator[Row]:
    """Every cost by mechanism."""
    for _, group, names in groups(report):
        for key in COSTS:
            found = group.measure("cost", key)
            if found:
                yield {**names, "measure": key, **columns("value", found, 1)}


def curves(report: Report) -> Iterator[Row]:
    """Every learning curve by epoch: mean, lowest and highest seed."""
    for section in report.data:
        for (key, *_), found in section.curves.items():
            for curve in found:
                for epoch, mean, low, high in zip(curve.epochs, curve.mean, curve.low, curve.high, strict=True):
                    yield {
                        "data": section.data,
                        "mechanism": curve.names.label,
                        "metric": key,
                        "epoch": epoch,
                        "mean": mean,
                        "lowest": low,
                        "highest": high,
                        "seeds": curve.seeds,
                        "unfinished_seeds": curve.open,
                    }
