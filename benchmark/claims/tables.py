"""The tables of a page of claims: the verdicts on one sheet, and the numbers behind each."""

import math
from collections.abc import Callable, Container, Sequence
from functools import partial
from pathlib import Path

from benchmark.claims.judged import NOT_RUN, UNUSABLE, JudgedClaim
from benchmark.claims.measure.base import NumberScale
from benchmark.claims.rule.base import ClaimPart, Show
from benchmark.report.analysis import formats
from benchmark.report.analysis.contrasts import Contrast
from benchmark.report.analysis.inference import CANNOT_TELL, FAILS, HOLDS
from benchmark.report.draw.table import Table, TableCell

ORDER = (HOLDS, FAILS, CANNOT_TELL, UNUSABLE, NOT_RUN)
"""Of the verdicts on the sheet."""


def verdict_table(judged: Sequence[JudgedClaim], alike: Container[Path]) -> Table:
    """One row for each claim and task, those with a verdict first. alike: folders of runs that give all test images the
    same answer.
    """
    rows = [
        (
            TableCell(each.evidence.claim.name, (each.evidence.claim.statement,)),
            TableCell(each.evidence.task),
            TableCell(each.word, remarks(each, alike), each.tone),
            number_cell(each),
        )
        for each in sorted(judged, key=lambda each: ORDER.index(each.word))
    ]
    note = (
        "Each claim is decided on each of its tasks, and corrected for all other verdicts of the page. By itself: what "
        "the verdict would be without that correction. It may be quoted by those who asked this one question before "
        "they looked at the runs. The number is what the claim is about, with its 95 % interval."
    )
    return Table("Verdicts", note, ("claim", "task", "verdict", "number"), tuple(rows), "words")


def remarks(judged: JudgedClaim, alike: Container[Path]) -> tuple[str, ...]:
    """What is said beneath a verdict."""
    return tuple(filter(None, (judged.alone, judged.reason, *answered_alike(judged, alike))))


def answered_alike(judged: JudgedClaim, alike: Container[Path]) -> list[str]:
    """For each arm with runs that have not learned to use the image: how many of them."""
    found = []
    for arm, runs in judged.evidence.finished.items():
        if number := sum(run.address.folder in alike for run in runs):
            found.append(
                f"in {number} of {formats.plural(len(runs), 'run')} of {arm} all test images get the same answer"
            )
    return found


def number_cell(judged: JudgedClaim) -> TableCell:
    """The numbers that a claim is about, what they are, and where the claim says that they lie."""
    if judged.decision is None:
        return TableCell(formats.DASH)
    found = numbers(judged)
    about = tuple(
        f"{judged.evidence.scale.name or 'number'}, {words}; the claim: {bounds}" for words, _, bounds in found
    )
    return TableCell("; ".join(value for _, value, _ in found), about)


def unit_of(part: ClaimPart, scale: NumberScale) -> tuple[float, int, str]:
    """The factor, decimals and unit that a number is shown with."""
    if part.kind == "pure":
        return 1.0, 2, ""
    unit = scale.unit.strip()
    if unit == "%" and part.kind == "difference":
        unit = "points"
    return scale.factor, scale.decimals, f" {unit}" if unit else ""


def shown_number(shown: Show, factor: float, decimals: int, value: float) -> str:
    """A number as text. shown: from the scale that is tested to the one that is shown."""
    return formats.minus(f"{factor * shown(value):.{decimals}f}")


def numbers(judged: JudgedClaim) -> list[tuple[str, str, str]]:
    """Of each part: what it is, its value with its interval, and where the claim says it lies."""
    scale = judged.evidence.scale
    found = []
    for part in judged.evidence.parts:
        factor, decimals, unit = unit_of(part, scale)
        written = partial(shown_number, part.shown, factor, decimals)
        low, high = part.region
        bounds = [f"above {written(low)}"] * math.isfinite(low) + [f"below {written(high)}"] * math.isfinite(high)
        found.append((part.words, measured(part.found, written, unit), " and ".join(bounds)))
    return found


def measured(found: Contrast, written: Callable[[float], str], unit: str) -> str:
    """A number with its 95 % interval, or with the end of it that is known."""
    value = f"{written(found.difference)}{unit}"
    if found.bound == "unknown":
        return "not known"
    if found.bound != "exact":
        value = f"{found.bound} {value}"
    if found.interval is None:
        return value
    low, high = written(found.interval.low), written(found.interval.high)
    spans = {"exact": f"{low} to {high}", "at least": f"{low} or more", "at most": f"{high} or less"}
    return f"{value} ({spans[found.bound]})"


def number_table(judged: JudgedClaim) -> Table:
    """The numbers of one claim on one task, with what they could have shown."""
    evidence, decision = judged.evidence, judged.decision
    assert decision is not None
    scale = evidence.scale
    rows = []
    for place, (part, (words, value, bounds)) in enumerate(zip(evidence.parts, numbers(judged), strict=True)):
        if decision.visible is None:
            seen = formats.DASH
        elif part.kind != "pure":
            seen = f"{scale.factor * decision.visible[place]:.{scale.decimals}f}"
        else:  # on the scale of its logarithm, or of Fisher's transform
            seen = f"{decision.visible[place]:.2f} on the tested scale"
        rows.append((TableCell(words), TableCell(value), TableCell(bounds), TableCell(seen)))
    note = f"{judged.word.capitalize()}: p after Holm over the page {formats.probability(decision.adjusted)}. "
    heads = (evidence.task, "measured", "the claim", "visible: how far from the bound it would have been decided")
    return Table(evidence.task, note + about(judged), heads, tuple(rows), "words")


def about(judged: JudgedClaim) -> str:
    """Of how many seeds and images the numbers are, and what their interval is for."""
    evidence = judged.evidence
    if not evidence.scores:
        return "No run decides it. 95 % interval."
    images = any(scored.images for scored in evidence.scores.values())
    what = (
        f"{evidence.claim.seeds} seeds an arm, {evidence.images:,} test images. {formats.at_start(evidence.scale.name)}"
    )
    late = sum(int(scored.sample.more_S.sum()) for scored in evidence.scores.values())
    never = f" {late} of {len(evidence.runs)} runs did not get there: theirs is a lower bound." * bool(late)
    return (
        f"{what}, 95 % interval for a new seed{' and new test images' if images else ' on these test images'}.{never}"
    )


def written(scale: NumberScale, value: float, more: bool) -> str:
    """A number of an arm. more: whether it is only a lower bound."""
    return ("> " if more else "") + formats.minus(f"{scale.factor * value:.{scale.decimals}f}")


def arm_table(judged: JudgedClaim) -> Table:
    """What each arm scored: its seeds."""
    evidence = judged.evidence
    rows = []
    for arm, scored in evidence.scores.items():
        scale = evidence.scale
        known = zip(scored.sample.seeds_S, scored.sample.more_S, strict=True)
        seeds = ", ".join(written(scale, each, more) for each, more in known)
        mean = written(scale, scored.sample.mean, bool(scored.sample.more_S.any()))
        rows.append((TableCell(arm), TableCell(f"{mean} {scale.unit.strip()}".strip()), TableCell(seeds)))
    return Table(f"{evidence.task}: arms", evidence.scale.name, ("arm", "mean", "seeds"), tuple(rows), "words")
