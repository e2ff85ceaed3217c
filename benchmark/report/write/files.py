"""The files of a report besides its page: CSV with unrounded numbers, one observation per row, and Markdown tables."""

import csv
import io
from collections.abc import Iterable

from benchmark.report.analysis.published import Published
from benchmark.report.draw.table import plain
from benchmark.report.write import rows
from benchmark.report.write.assemble import Report


def all_files(report: Report, numbers: list[Published]) -> dict[str, str]:
    """Name and text of every file but the page."""
    tables = {
        "runs.csv": rows.runs(report),
        "errors.csv": rows.errors(report),
        "paired.csv": rows.paired(report),
        "overlap.csv": rows.overlaps(report),
        "sequences.csv": rows.sequences(report),
        "localisation.csv": rows.localisation(report),
        "cost.csv": rows.costs(report),
        "curves.csv": rows.curves(report),
        "published.csv": rows.published(report, numbers),
    }
    return {"tables.md": markdown(report), **{name: as_csv(found) for name, found in tables.items()}}


def as_csv(found: Iterable[rows.Row]) -> str:
    """Rows as CSV; the columns are all keys in order of first appearance, empty where a row lacks one."""
    held = list(found)
    columns = list(dict.fromkeys(key for row in held for key in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(held)
    return text.getvalue()


def markdown(report: Report) -> str:
    """Every table of the report as Markdown."""
    head = [
        f"# {plain(report.study.folder.name)}",
        "",
        *(f"* {name}: {plain(value)}" for name, value in report.facts),
        "",
    ]
    notes = [f"> {plain(warning)}\n" for warning in report.warnings]
    return "\n".join([*head, *notes, *(table.markdown() for table in report.all_tables)])
