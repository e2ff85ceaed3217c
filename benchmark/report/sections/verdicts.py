"""The tables of what was reproduced, and of the runs that did not finish."""

from collections.abc import Mapping, Sequence

from benchmark.report.analysis import formats
from benchmark.report.analysis.comparisons import Comparison
from benchmark.report.analysis.grouping import HEADLINE, ReportTask
from benchmark.report.analysis.published import Claim, Published, judge_claim, judge_number, published_for
from benchmark.report.draw.table import Table, TableCell
from benchmark.report.read.folders import Study

TONES = {"reproduced": "good", "better": "good", "not reproduced": "bad", "cannot tell": "quiet"}


def against_numbers(tasks: Sequence[ReportTask], numbers: Sequence[Published]) -> Table:
    """Each measured headline beside each published one of its mechanism and data."""
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
        "Reproduced: the whole 95 % interval for a new seed and new test images lies within a quarter of the published "
        "error and one point of it, or within a twentieth of the published score and 0.02 of it. Better, not "
        "reproduced: all of it lies beyond. Otherwise, and always with one seed, these runs cannot tell.",
        ("mechanism", "measured", "published", "verdict"),
        tuple(rows),
        "words",
    )


def against_claims(
    tasks: Sequence[ReportTask], claims: Sequence[Claim], comparisons: Mapping[str, Sequence[Comparison]]
) -> Table:
    """Each published order of two mechanisms, by the paired comparison. comparisons: by task name."""
    rows = []
    for task in tasks:
        for claim in claims:
            verdict = judge_claim(claim, task, comparisons[task.name])
            if verdict:
                rows.append(
                    (
                        TableCell(claim.text, (task.name,)),
                        TableCell(f"{claim.better} before {claim.worse}"),
                        TableCell(claim.paper),
                        TableCell(verdict.word, (verdict.reason,), TONES[verdict.word]),
                    )
                )
    return Table(
        "Published orders",
        "Reproduced: the first is told apart from the second and better, among all pairs of the data set: p after Holm "
        "is below 0.05, for new seeds and new test images.",
        ("claim", "better before worse", "source", "verdict"),
        tuple(rows),
        "words",
    )


def literature(task: ReportTask, numbers: Sequence[Published]) -> Table:
    """Everything that is published on a task's data, of whatever system: the tables of the survey among it."""
    rows = [
        (TableCell(entry.system), TableCell(entry.measure), TableCell(f"{entry.value:g}"), TableCell(entry.source))
        for entry in numbers
        if task.data in entry.data
    ]
    return Table(
        f"{task.name}: published",
        "Errors in percent, other measures as they are. Only rows of the same measure and setting compare with ours.",
        ("system", "measure", "published", "source"),
        tuple(rows),
        "words",
    )


def unfinished(study: Study) -> Table:
    """The runs without a usable record, and why."""
    rows = tuple(
        (
            TableCell(
                f"{run.address.attention} on {run.address.data}",
                (" ".join(f"seed {run.address.seed} {run.address.setting}".split()),),
            ),
            TableCell(run.state, (), "bad" if run.state in ("failed", "damaged") else "quiet"),
            TableCell(run.epoch or formats.DASH),
            TableCell(run.updated or formats.DASH),
            TableCell(run.message or formats.DASH),
        )
        for run in study.unfinished
    )
    return Table(
        "Runs without a result",
        "None of these is in any number above; the curves show how far they came.",
        ("run", "state", "epoch", "last heard of", "message"),
        rows,
        "words",
    )


def remarks(study: Study) -> Table:
    """What could not be used of finished runs."""
    rows = tuple(
        (TableCell(f"{run.address.attention} on {run.address.data}", (f"seed {run.address.seed}",)), TableCell(remark))
        for run in study.finished
        for remark in run.remarks
    )
    return Table(
        "Remarks on finished runs", "Their errors count; what is named here does not.", ("run", "remark"), rows, "words"
    )
