"""The tables of a page of claims: the verdicts on one sheet, and the numbers behind each."""

import math
from collections.abc import Sequence

from benchmark.claims.judged import JudgedClaim
from benchmark.claims.measure.base import NumberScale
from benchmark.claims.rule.base import ClaimPart
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
    """A verdict with its first number, or what is missing."""
    evidence = judged.evidence
    if not evidence.parts:
        missing = evidence.fault or f"{evidence.missing} of {len(evidence.runs)} runs are missing"
        return TableCell(judged.word, (missing,), judged.tone)
    return TableCell(judged.word, tuple(numbers(judged)[place][1] for place in range(len(evidence.parts))), judged.tone)


def unit_of(part: ClaimPart, scale: NumberScale) -> tuple[float, int, str]:
    """The factor, decimals and unit that a number is shown with."""
    if part.kind == "pure":
        return 1.0, 2, ""
    unit = scale.unit.strip()
    if unit == "%" and part.kind == "difference":
        unit = "points"
    return scale.factor, scale.decimals, f" {unit}" if unit else ""


def numbers(judged: JudgedClaim) -> list[tuple[str, str, str]]:
    """Of each part: what it is, its value with its interval, and where the claim says it lies."""
    scale = judged.evidence.scale
    found = []
    for part in judged.evidence.parts:
        factor, decimals, unit = unit_of(part, scale)

        def written(value: float, shown=part.shown, factor=factor, decimals=decimals) -> str:  # type: ignore[no-untyped-def]
            return formats.minus(f"{factor * shown(value):.{decimals}f}")

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
    note = (
        f"{judged.word.capitalize()}: p after Holm over the page {formats.probability(decision.adjusted)}; "
        f"{evidence.claim.seeds} seeds an arm"
        + (f", {evidence.images:,} test images" if evidence.images else "")
        + f". {scale.name.capitalize()}, 95 % interval for a new seed and new test images."
    )
    heads = (evidence.task, "measured", "the claim", "visible: how far from the bound it would have been decided")
    return Table(evidence.task, note, heads, tuple(rows), "words")


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
