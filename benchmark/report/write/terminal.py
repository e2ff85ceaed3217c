"""The main table in the terminal."""

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from benchmark.report.analysis import formats
from benchmark.report.analysis.grouping import HEADLINE, Group, ReportTask
from benchmark.report.analysis.published import Published, published_for
from benchmark.report.write.assemble import Report, TaskSection


def show(report: Report, numbers: list[Published], console: Console) -> None:
    """Prints each task's main table, then the runs without a result and the warnings."""
    for section in report.tasks:
        console.print(main_table(section, numbers))
    if report.tasks:
        console.print(
            safe(
                "in brackets: 95 % interval for a new seed and new test images; with one seed, for new images only; "
                "cost: multiply-adds per image"
            )
        )
    for run in report.study.unfinished:
        words = f"{run.state}: {run.address.attention} on {run.address.data}, seed {run.address.seed}"
        detail = ", ".join(part for part in (f"epoch {run.epoch}" if run.epoch else "", run.message) if part)
        console.print(safe(f"{words} ({detail})" if detail else words), soft_wrap=True)
    for warning in report.warnings:
        console.print(safe(f"note: {warning}"), soft_wrap=True)


def safe(words: str) -> Text:
    """Text without rich markup, with control characters replaced."""
    return Text("".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in words))


def main_table(section: TaskSection, numbers: list[Published]) -> RichTable:
    """The main table of one task: one row per mechanism, best first."""
    task = section.task
    title = f"{task.name} ({task.origin}): test {task.quality.head}, over {task.test_images:,} images"
    table = RichTable(title=safe(title), title_justify="left", title_style="bold", padding=(0, 0), box=SIMPLE)
    table.add_column("mechanism", min_width=18, overflow="fold")
    published = any(published_for(numbers, group) for group in task.groups)
    for head in ["seeds", *task.modes, *(["paper"] if published else []), "cost"]:
        table.add_column(safe(head), justify="right", no_wrap=True)
    for group in task.groups:
        table.add_row(*(safe(words) for words in cells(task, group, numbers, published)))
    return table


FEW = 4
"""The most evaluation modes with which an interval still fits into 80 columns."""


def cells(task: ReportTask, group: Group, numbers: list[Published], published: bool) -> list[str]:
    """A row of the main table. published: whether the table has a column for published numbers."""
    errors, quality = [], task.quality
    for mode in task.modes:
        error = group.score(mode)
        spans = mode == HEADLINE and len(task.modes) <= FEW
        span = f" ({quality.span(error.shown, quality.decimals - 2)})" if error and spans else ""
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
