"""The main table in the terminal."""

from typing import NamedTuple, final

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from benchmark.report.analysis import formats
from benchmark.report.analysis.grouping import HEADLINE, Group, ReportTask
from benchmark.report.analysis.published import Published, published_for
from benchmark.report.write.assemble import Report, TaskSection


def show(report: Report, numbers: list[Published], console: Console) -> None:
    """Prints each task's main table, then the runs without a result, files that are left out, and the warnings."""
    spans, left_out = False, set[str]()
    for section in report.tasks:
        table, columns = fitted(section, numbers, console)
        console.print(table)
        spans |= columns.spans
        left_out |= set(section.task.modes) - set(columns.modes)
    if report.tasks:
        interval = "in brackets: 95 % interval for a new seed and new test images; with one seed, for new images only; "
        heads = "mean: glimpses at the policy's mean; cost: multiply-adds per image"
        console.print(safe(f"{interval if spans else ''}{heads}"))
    if left_out:
        console.print(safe(f"too wide to show: {', '.join(sorted(left_out))}; they are in the report"), soft_wrap=True)
    for run in report.study.unfinished:
        words = f"{run.state}: {run.address.attention} on {run.address.data}, seed {run.address.seed}"
        detail = ", ".join(part for part in (f"epoch {run.epoch}" if run.epoch else "", run.message) if part)
        console.print(safe(f"{words} ({detail})" if detail else words), soft_wrap=True)
    for done in report.study.finished:
        for remark in done.remarks:
            where = f"{done.address.attention} on {done.address.data}, seed {done.address.seed}"
            console.print(safe(f"note: {where}: {remark}"), soft_wrap=True)
    for warning in report.warnings:
        console.print(safe(f"note: {warning}"), soft_wrap=True)


def safe(words: str) -> Text:
    """Text without rich markup, with control characters replaced."""
    return Text("".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in words))


@final
class Columns(NamedTuple):
    """What a main table shows. modes: evaluation modes. spans: whether the headline mode's interval stands with it."""

    modes: list[str]
    spans: bool


WIDE = 1000
"""Columns that every table fits into."""


def fitted(section: TaskSection, numbers: list[Published], console: Console) -> tuple[RichTable, Columns]:
    """The main table with as much as fits: without intervals, and then without the last modes, where it is too wide.
    Rich would cut numbers off instead.
    """
    modes, free = section.task.modes, console.options.update(width=WIDE)
    kept = [[mode for mode in modes if mode in (*modes[:most], HEADLINE)] for most in range(len(modes), -1, -1)]
    for columns in [Columns(modes, True), *(Columns(few, False) for few in kept)]:
        table = main_table(section, numbers, columns)
        if console.measure(table, options=free).minimum <= console.width:
            break
    return table, columns


def main_table(section: TaskSection, numbers: list[Published], columns: Columns) -> RichTable:
    """The main table of one task: one row per mechanism, best first."""
    task = section.task
    title = f"{task.name} ({task.origin}): test {task.quality.head}, over {task.test_images:,} images"
    table = RichTable(title=safe(title), title_justify="left", title_style="bold", padding=(0, 0), box=SIMPLE)
    table.add_column("mechanism", min_width=18, overflow="fold")
    published = any(published_for(numbers, group) for group in task.groups)
    heads = ["seeds", *columns.modes, *(["paper"] if published else []), "cost"]
    rows = [cells(task, group, numbers, published, columns) for group in task.groups]
    for head, *shown in zip(heads, *(row[1:] for row in rows), strict=True):
        widest = max(len(words) for words in (head, *shown))
        table.add_column(safe(head), justify="right", no_wrap=True, min_width=widest)
    for row in rows:
        table.add_row(*(safe(words) for words in row))
    return table


def cells(task: ReportTask, group: Group, numbers: list[Published], published: bool, columns: Columns) -> list[str]:
    """A row of the main table. published: whether the table has a column for published numbers."""
    errors, quality = [], task.quality
    for mode in columns.modes:
        error = group.score(mode)
        spans = columns.spans and mode == HEADLINE
        span = f" ({quality.span(error.shown, quality.decimals - 1)})" if error and spans else ""
        errors.append(f"{quality.written(error.mean)}{span}" if error else formats.DASH)
    papers = " / ".join(f"{entry.value:g}" for entry in published_for(numbers, group)) or formats.DASH
    adds = group.measure("cost", "multiply_adds")
    return [
        group.label,
        str(len(group.runs)),
        *errors,
        *([papers] if published else []),
        formats.count(adds.mean) if adds else formats.DASH,
    ]
