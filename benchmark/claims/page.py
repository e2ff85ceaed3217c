"""The page of claims: one self-contained HTML file, and the same as Markdown."""

from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from markupsafe import Markup

from benchmark.claims.claim import SurveyClaim
from benchmark.claims.forest import forest, rows_of
from benchmark.claims.judged import JudgedClaim
from benchmark.claims.tables import answered_alike, arm_table, number_table, unit_of, verdict_table
from benchmark.report.analysis.grouping import group_tasks
from benchmark.report.analysis.predictions import answers_alike
from benchmark.report.analysis.published import read_published
from benchmark.report.draw.chart import Figure
from benchmark.report.draw.table import Table, plain
from benchmark.report.read.folders import Finished
from benchmark.report.sections.facts import hardware, revision, several
from benchmark.report.sections.verdicts import against_numbers
from benchmark.report.write.page import style, template

NO_LEGEND = Markup("")


@final
@dataclass(frozen=True)
class ClaimSection:
    """All of one claim. lines: a sentence for each task without a verdict, and for each arm with runs that have not
    learned.
    """

    claim: SurveyClaim
    figures: tuple[Figure, ...]
    tables: tuple[Table, ...]
    folded: tuple[Table, ...]
    lines: tuple[str, ...]
    commands: tuple[str, ...]


@final
@dataclass(frozen=True)
class ClaimsPage:
    """A page, ready to be rendered. facts: of the page, by name. warnings: what its verdicts do not rest on.
    published: numbers in print, judged by the runs.
    """

    study: str
    facts: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    verdicts: Table
    sections: tuple[ClaimSection, ...]
    published: Table


def page_of(study: str, judged: Sequence[JudgedClaim], asked: Sequence[str] = ()) -> ClaimsPage:
    """All claims, in the order of their names. asked: what a reader has to know of what was asked for."""
    names = list(dict.fromkeys(each.evidence.claim.name for each in judged))
    runs = runs_of(judged)
    alike = {folder for folder, run in runs.items() if answers_alike(run)}
    sections = [section(study, [each for each in judged if each.evidence.claim.name == name], alike) for name in names]
    published = against_numbers(group_tasks(list(runs.values())), read_published())
    told = (*asked, *warnings(list(runs.values())))
    return ClaimsPage(study, tuple(facts(judged)), told, verdict_table(judged, alike), tuple(sections), published)


def runs_of(judged: Sequence[JudgedClaim]) -> dict[Path, Finished]:
    """The finished runs of all claims, each once, by folder."""
    found = (run for each in judged for runs in each.evidence.finished.values() for run in runs)
    return {run.address.folder: run for run in found}


def facts(judged: Sequence[JudgedClaim]) -> list[tuple[str, str]]:
    """How many verdicts there are, and of which runs, code and hardware."""
    counted = Counter(each.word for each in judged)
    runs = runs_of(judged).values()
    revisions, machines = sorted({revision(run) for run in runs}), sorted({hardware(run) for run in runs})
    said = ", ".join(f"{word} {count}" for word, count in counted.most_common())
    claims = len({each.evidence.claim.name for each in judged})
    found = [("Claims", str(claims)), ("Verdicts", f"{len(judged)}, one of a claim on a task: {said}")]
    return [*found, ("Runs", str(len(runs))), ("Code", ", ".join(revisions)), ("Hardware", "; ".join(machines))]


def warnings(runs: Sequence[Finished]) -> list[str]:
    """What differs between the runs besides what the claims name."""
    found = []
    if several(hardware(run) for run in runs):
        found.append("Runs were made on different hardware: speeds are compared within one only.")
    if several(revision(run) for run in runs):
        found.append("Runs were made at different revisions of the code.")
    return found


def section(study: str, judged: Sequence[JudgedClaim], alike: Container[Path]) -> ClaimSection:
    """One claim on all its tasks. alike: folders of runs that give all test images the same answer."""
    claim = judged[0].evidence.claim
    told = [each for each in judged if each.decision is not None]
    lines = [f"{each.evidence.task}: {each.word}. {each.reason}." for each in judged if each.reason]
    lines += [
        f"{each.evidence.task}: {words}. Nothing was learned there, so a comparison with them says little about "
        "the mechanism."
        for each in judged
        for words in answered_alike(each, alike)
    ]
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
    """The tables as Markdown; all text is escaped."""
    lines = [f"# {plain(page.study)}: what the survey claims, and what holds", ""]
    lines += [f"* {name}: {plain(value)}" for name, value in page.facts]
    lines += ["", *(f"> {plain(warning)}\n" for warning in page.warnings)]
    lines += [page.verdicts.markdown()]
    lines += [page.published.markdown()] if page.published.rows else []
    for found in page.sections:
        said = (found.claim.statement, f"Claimed: {found.claim.source}", f"Fair: {found.claim.fair}")
        lines += [f"## {found.claim.name}", "", *(f"{plain(text)}\n" for text in said)]
        lines += [table.markdown() for table in (*found.tables, *found.folded)]
        lines += [f"* {plain(line)}" for line in found.lines]
        lines += ["", "```console", *found.commands, "```", ""] if found.commands else [""]
    return "\n".join(lines)
