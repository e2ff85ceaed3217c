"""The tables of a page of claims: the verdicts on one sheet, and the numbers behind each."""

import math
from collections.abc import Sequence
from functools import partial

from benchmark.claims.judged import JudgedClaim
from benchmark.claims.measure.base import NumberScale
from benchmark.claims.rule.base import ClaimPart, Show
from benchmark.report.analysis import formats
from benchmark.report.draw.table import Table, TableCell


def verdict_table(judged: Sequence[JudgedClaim]) -> Table:
    """One row for each claim, one column for each task."""
    tasks = list(dict.fromkeys(each.evidence.task for each in judged))
    claims = {each.evidence.claim.name: each.evidence.claim for each in judged}
    by_place = {(each.evidence.claim.name, each.evidence.task): each for each in judged}
    rows = [
        (
            TableCell(name, (claim.statement,)),
            *(cell(by_place[name, task]) if (name, task) in by_place else TableCell("") for task in tasks),
        )
        for name, claim in claims.items()
    ]
    note = (
        "Each claim is decided on each task by itself; empty: it says nothing of this task. Small: the number that it "
        "is about."
    )
    return Table("Verdicts", note, ("claim", *tasks), tuple(rows), "words")


def cell(judged: JudgedClaim) -> TableCell:
    """A verdict with its numbers, or why there is none."""
    notes = [judged.reason] if judged.reason else [value for _, value, _ in numbers(judged)]
    return TableCell(judged.word, tuple(notes), judged.tone)


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
        interval = part.found.interval
        span = f" ({written(interval.low)} to {written(interval.high)})" if interval else ""
        low, high = part.region
        bounds = [f"above {written(low)}"] * math.isfinite(low) + [f"below {written(high)}"] * math.isfinite(high)
        found.append((part.words, f"{written(part.found.difference)}{unit}{span}", " and ".join(bounds)))
    return found


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
    what = f"{evidence.claim.seeds} seeds an arm, {evidence.images:,} test images. {evidence.scale.name.capitalize()}"
    return f"{what}, 95 % interval for a new seed{' and new test images' if images else ' on these test images'}."


def arm_table(judged: JudgedClaim) -> Table:
    """What each arm scored: its seeds."""
    evidence = judged.evidence
    rows = []
    for arm, scored in evidence.scores.items():
        scale = evidence.scale
        seeds = ", ".join(formats.minus(f"{scale.factor * each:.{scale.decimals}f}") for each in scored.sample.seeds_S)
        mean = formats.minus(f"{scale.factor * scored.sample.mean:.{scale.decimals}f}")
        rows.append((TableCell(arm), TableCell(f"{mean} {scale.unit.strip()}".strip()), TableCell(seeds)))
    return Table(f"{evidence.task}: arms", evidence.scale.name, ("arm", "mean", "seeds"), tuple(rows), "words")
