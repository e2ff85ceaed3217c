"""Errors of sequences besides the whole-sequence error: per digit, of the length, and by length."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from benchmark.report.analysis import formats
from benchmark.report.analysis.estimates import Estimate, estimate, share_estimate
from benchmark.report.analysis.grouping import HEADLINE, Group, ReportTask
from benchmark.report.draw.table import Table
from benchmark.report.read.folders import deep
from benchmark.report.sections.tables import error_cell, name_cell

MEASURES: Mapping[str, str] = {"digit_error": "digits, %", "length_error": "length, %"}


class SequenceScores(NamedTuple):
    """One error of a group. length: of the true sequence, "" for all; images: their number."""

    measure: str
    length: str
    images: int
    estimate: Estimate


def lengths(task: ReportTask) -> list[str]:
    """The lengths of the test sequences, ascending; empty where none is longer than one."""
    held = {length for group in task.groups for run in group.runs for length in by_length(run.record, HEADLINE)}
    ordered = sorted(held, key=int)
    return ordered if any(int(length) > 1 for length in ordered) else []


def by_length(record: Mapping[str, Any], mode: str) -> Mapping[str, Any]:
    """A record's errors by sequence length in an evaluation mode; empty where it has none."""
    scores = record["test"].get(mode)
    found = scores.get("by_length") if isinstance(scores, Mapping) else None
    return {key: value for key, value in found.items() if key.isdigit()} if isinstance(found, Mapping) else {}


def measured(task: ReportTask, group: Group, mode: str) -> Iterator[SequenceScores]:
    """Every error of a group in an evaluation mode besides the whole-sequence error."""
    if not lengths(task):
        return
    for key in MEASURES:
        shares = group.numbers("test", mode, key)
        if shares:
            yield SequenceScores(key, "", task.test_images, estimate(shares, None, 1.0))
    for length in lengths(task):
        path = ("test", mode, "by_length", length)
        shares = [share for run in group.runs if (share := deep(run.record, (*path, "error"))) is not None]
        images = int(deep(group.runs[0].record, (*path, "images")) or 0)
        if shares and images:
            yield SequenceScores("error", length, images, share_estimate(shares, images))


def table(task: ReportTask) -> Table:
    """Errors of the parts of a sequence, mean policy; no rows where all sequences have one symbol."""
    rows, sizes = [], dict.fromkeys(lengths(task), 0)
    for group in task.groups:
        found = {(each.measure, each.length): each for each in measured(task, group, HEADLINE)}
        sizes |= {each.length: each.images for each in found.values() if each.length}
        wanted = [*((key, "") for key in MEASURES), *(("error", length) for length in sizes)]
        cells = [error_cell(found[key].estimate if key in found else None, task.quality) for key in wanted]
        if found:
            rows.append((name_cell(group), error_cell(group.score(HEADLINE), task.quality), *cells))
    heads = [f"of {length}, {formats.plural(images, 'image')}, %" for length, images in sizes.items()]
    return Table(
        f"{task.name}: errors of the parts of a sequence",
        "Mean policy. Whole: share of sequences with any mistake. Digits: share of digits that are wrong at their "
        "position. Length: share of images with the wrong length. The last columns: the whole error by true length. "
        "Beneath, 95 % intervals: of the whole error for new seeds and test images; of digits and length for new seeds "
        "only; by true length for both, as if test images had no source in common.",
        ("mechanism", "whole, %", *MEASURES.values(), *heads),
        tuple(rows),
    )
