"""Tables of published numbers beside the measured ones, and of runs without a result."""

from collections.abc import Sequence

from benchmark.report.analysis import formats
from benchmark.report.analysis.grouping import HEADLINE, ReportTask
from benchmark.report.analysis.published import Published, judge_number, published_for
from benchmark.report.draw.table import Table, TableCell
from benchmark.report.read.folders import RunFolderName, Study

TONES = {"reproduced": "good", "better": "good", "not reproduced": "bad", "cannot tell": "quiet"}


def against_numbers(tasks: Sequence[ReportTask], numbers: Sequence[Published]) -> Table:
    """Each measured primary metric beside each published number of its mechanism and data set."""
    rows = []
    for task in tasks:
        for group in task.groups:
            error = group.score(HEADLINE)
            for entry in published_for(numbers, group):
                if error is None:
                    continue
                verdict = judge_number(entry, group, error)
                rows.append(
                    (
                        TableCell(group.label, (task.name,)),
                        TableCell(group.quality.written(error.mean) + group.quality.unit, (group.quality.name,)),
                        TableCell(f"{entry.value:g}{group.quality.unit}", (entry.system, entry.source)),
                        TableCell(verdict.word, (verdict.reason,), TONES[verdict.word]),
                    )
                )
    return Table(
        "Published numbers",
        "Reproduced: the whole 95 % interval for a new seed and new test images lies within a tolerance of the "
        "published number: of an error a quarter, at most 1 point; of a score a twentieth, at most 0.02. Better, not "
        "reproduced: the whole interval lies outside. Cannot tell: it lies across the border, or there is one seed.",
        ("mechanism", "measured", "published", "verdict"),
        tuple(rows),
        "words",
    )


def literature(task: ReportTask, numbers: Sequence[Published]) -> Table:
    """All published numbers on a task's data set, of any system, the survey's tables included."""
    rows = [
        (TableCell(entry.system), TableCell(entry.measure), TableCell(f"{entry.value:g}"), TableCell(entry.source))
        for entry in numbers
        if task.data in entry.data
    ]
    return Table(
        f"{task.name}: published",
        "Errors in percent, other metrics as they are. Only rows of the same metric and setting are comparable.",
        ("system", "measure", "published", "source"),
        tuple(rows),
        "words",
    )


def run_cell(address: RunFolderName) -> TableCell:
    """A run by its mechanism and data set; beneath, its seed and the hash of its setting."""
    return TableCell(f"{address.attention} on {address.data}", (f"seed {address.seed} {address.setting}".strip(),))


def unfinished(study: Study) -> Table:
    """The runs without a usable record, with the reason."""
    rows = tuple(
        (
            run_cell(run.address),
            TableCell(run.state, (), "bad" if run.state in ("failed", "damaged") else "quiet"),
            TableCell(run.epoch or formats.DASH),
            TableCell(run.updated or formats.DASH),
            TableCell(run.message or formats.DASH),
        )
        for run in study.unfinished
    )
    return Table(
        "Runs without a result",
        "These runs are in no number above; the learning curves show how far they came.",
        ("run", "state", "epoch", "last update", "message"),
        rows,
        "words",
    )


def remarks(study: Study) -> Table:
    """Files of finished runs that could not be used."""
    rows = tuple((run_cell(run.address), TableCell(remark)) for run in study.finished for remark in run.remarks)
    return Table(
        "Remarks on finished runs", "These runs count; the files named are left out.", ("run", "remark"), rows, "words"
    )
