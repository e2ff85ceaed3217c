"""The page of claims: one self-contained HTML file, and the same as Markdown."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from markupsafe import Markup

from benchmark.claims.claim import SurveyClaim
from benchmark.claims.forest import forest, rows_of
from benchmark.claims.judged import JudgedClaim
from benchmark.claims.tables import arm_table, number_table, unit_of, verdict_table
from benchmark.report.analysis.grouping import group_tasks
from benchmark.report.analysis.published import read_published
from benchmark.report.draw.chart import Figure
from benchmark.report.draw.table import Table
from benchmark.report.read.folders import Finished
from benchmark.report.sections.verdicts import against_numbers
from benchmark.report.write.page import style, template

NO_LEGEND = Markup("")


@final
@dataclass(frozen=True)
class ClaimSection:
    """All of one claim. lines: a sentence for each task without a verdict."""

    claim: SurveyClaim
    figures: tuple[Figure, ...]
    tables: tuple[Table, ...]
    folded: tuple[Table, ...]
    lines: tuple[str, ...]
    commands: tuple[str, ...]


@final
@dataclass(frozen=True)
class ClaimsPage:
    """A page, ready to be rendered. facts: of the page, by name. published: numbers in print, judged by the runs."""

    study: str
    facts: tuple[tuple[str, str], ...]
    verdicts: Table
    sections: tuple[ClaimSection, ...]
    published: Table


def page_of(study: str, judged: Sequence[JudgedClaim]) -> ClaimsPage:
    """All claims, in the order of their names."""
    names = list(dict.fromkeys(each.evidence.claim.name for each in judged))
    sections = [section(study, [each for each in judged if each.evidence.claim.name == name]) for name in names]
    tasks = group_tasks(list(runs_of(judged).values()))
    published = against_numbers(tasks, read_published())
    return ClaimsPage(study, tuple(facts(judged)), verdict_table(judged), tuple(sections), published)


def runs_of(judged: Sequence[JudgedClaim]) -> dict[Path, Finished]:
    """The finished runs of all claims, each once, by folder."""
    found = (run for each in judged for runs in each.evidence.finished.values() for run in runs)
    return {run.address.folder: run for run in found}


def facts(judged: Sequence[JudgedClaim]) -> list[tuple[str, str]]:
    """How many verdicts there are, and of which runs, code and hardware."""
    counted = Counter(each.word for each in judged)
    runs = runs_of(judged).values()
    revisions = sorted({str(run.record["git"].get("revision"))[:7] for run in runs})
    machines = sorted({f"{run.record['hardware'].get('device')}, {run.record['hardware'].get('cpu')}" for run in runs})
    said = ", ".join(f"{count} {word}" for word, count in counted.most_common())
    found = [("Claims", f"{len({each.evidence.claim.name for each in judged})} on {len(judged)} tasks: {said}")]
    return [*found, ("Runs", str(len(runs))), ("Code", ", ".join(revisions)), ("Hardware", "; ".join(machines))]


def section(study: str, judged: Sequence[JudgedClaim]) -> ClaimSection:
    """One claim on all its tasks."""
    claim = judged[0].evidence.claim
    told = [each for each in judged if each.decision is not None]
    lines = [f"{each.evidence.task}: {each.word}. {each.reason}." for each in judged if each.reason]
    commands = [claim.command(task, arm, study) for task in claim.tasks for arm in claim.arms]
    return ClaimSection(
        claim, tuple(figures(told)), tuple(number_table(each) for each in told),
        tuple(arm_table(each) for each in told if each.evidence.scores), tuple(lines), tuple(commands),
    )  # fmt: skip


def figures(judged: Sequence[JudgedClaim]) -> list[Figure]:
    """A picture for each unit that the claim is measured in."""
    by_unit: dict[str, list[JudgedClaim]] = {}
    for each in judged:
        by_unit.setdefault(axis_of(each), []).append(each)
    drawn = []
    for axis, held in by_unit.items():
        rows = [row for each in held for row in rows_of(each)]
        caption = "Point and line: the number and its 95 % interval. Shaded: where the claim says that it lies."
        drawn.append(Figure(held[0].evidence.claim.name, caption, forest(axis, axis, rows), NO_LEGEND))
    return drawn


def axis_of(judged: JudgedClaim) -> str:
    """The name of the axis that a claim's numbers are drawn on."""
    part, scale = judged.evidence.parts[0], judged.evidence.scale
    if part.kind == "pure":
        return part.words
    unit = unit_of(part, scale)[2].strip()
    what = f"difference of {scale.name}" if part.kind == "difference" else scale.name
    return f"{what}, {unit}" if unit else what


def render(page: ClaimsPage) -> str:
    """The HTML: nothing outside the page is loaded."""
    return template("claims.html.j2", "benchmark.claims", "benchmark.report.write").render(page=page, style=style())


def markdown(page: ClaimsPage) -> str:
    """The tables as Markdown."""
    lines = [f"# {page.study}: what the survey claims, and what holds", ""]
    lines += [f"* {name}: {value}" for name, value in page.facts]
    lines += ["", page.verdicts.markdown()]
    lines += [page.published.markdown()] if page.published.rows else []
    for found in page.sections:
        lines += [f"## {found.claim.name}", "", found.claim.statement, "", f"Claimed: {found.claim.source}", ""]
        lines += [f"Fair: {found.claim.fair}", ""]
        lines += [table.markdown() for table in (*found.tables, *found.folded)]
        lines += [f"* {line}" for line in found.lines]
        lines += ["", "```console", *found.commands, "```", ""] if found.commands else [""]
    return "\n".join(lines)
