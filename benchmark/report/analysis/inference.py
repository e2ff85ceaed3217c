"""Intervals and significance for a new seed and new test images: the only module that decides on a finding.

Every star, colour, interval and word such as "better" or "reproduced" in a report follows from here. The replicate is
a training run: many images of one seed are not many seeds. The rule was chosen by simulation, see
scripts/measure_statistics.py.

Axes: S seeds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np

from benchmark.report.analysis.contrasts import Bound, Contrast
from benchmark.report.analysis.statistics import LEVEL, Component, Interval, half_width, holm, p_value

FAMILY = 0.05
"""The family-wise error rate: the probability of even one false finding among all comparisons of a task."""


@final
@dataclass(frozen=True)
class Finding:
    """The significance of one of a family of contrasts.

    adjusted: its p after Holm over the family. visible: the smallest difference that would have been significant at the
    first step of Holm's correction. Both None where a mechanism has one seed.
    """

    adjusted: float | None
    visible: float | None

    @property
    def is_significant(self) -> bool:
        """Whether the two mechanisms differ: p after Holm is below FAMILY."""
        return self.adjusted is not None and self.adjusted < FAMILY

    @property
    def word(self) -> str:
        if self.adjusted is None:
            return "no verdict: one seed"
        return "significant difference" if self.is_significant else "no significant difference"


def corrected(p_values: Sequence[float | None]) -> tuple[list[float | None], float]:
    """Holm's correction over the p values that are known, None for the others, and the level of its first step."""
    count = sum(p is not None for p in p_values)
    adjusted = iter(holm([p for p in p_values if p is not None]))
    return [None if p is None else next(adjusted) for p in p_values], FAMILY / max(count, 1)


def judge(family: Sequence[Contrast]) -> list[Finding]:
    """A finding for each contrast of a family: all pairs of a task in one evaluation mode."""
    adjusted, level = corrected([contrast.p for contrast in family])
    return [
        Finding(None, None) if p is None else Finding(p, half_width(contrast.components, level))
        for p, contrast in zip(adjusted, family, strict=True)
    ]


class Region(NamedTuple):
    """The open interval that a claim says a number lies in: below a bound, above one, or between two (equivalence)."""

    low: float = -np.inf
    high: float = np.inf

    def p_values(self, found: Contrast) -> tuple[float, float] | None:
        """The p values of the hypotheses "it is not in the region" and "it is"; None with one seed.

        Two-sided, as every p value here: the first is below 0.05 where the whole 95 % interval is in the region, the
        second where none of it is. For two bounds the first is the larger of two tests (two one-sided tests, Schuirmann
        1987). Where the number itself is only a bound, a hypothesis that a number further on would agree with stays.
        """
        if not found.components:
            return None
        bounds = [bound for bound in self if np.isfinite(bound)]
        tests = [p_value(found.difference - bound, found.components) for bound in bounds]
        if self.low < found.difference < self.high:
            return max(tests, default=1.0) if self.holds_on(found.bound) else 1.0, 1.0
        nearest = min(range(len(bounds)), key=lambda place: abs(found.difference - bounds[place]))
        beyond = "at most" if found.difference <= self.low else "at least"
        return 1.0, tests[nearest] if found.bound in ("exact", beyond) else 1.0

    def holds_on(self, bound: Bound) -> bool:
        """Whether all that a number in the region may be, if it is only a bound, is in the region too."""
        ends = {"exact": False, "at least": np.isfinite(self.high), "at most": np.isfinite(self.low), "unknown": True}
        return not ends[bound]


class ClaimNumber(NamedTuple):
    """A part of a claim: a number and where the claim says that it lies. A claim of several parts says all of them."""

    found: Contrast
    region: Region


@final
@dataclass(frozen=True)
class Decision:
    """The verdict on a claim. word: HOLDS, FAILS or CANNOT_TELL. alone: the word without correction, as for a page of
    one claim. adjusted: p of the better supported side after Holm over all claims of the page. visible: of each part,
    how far from its bound a number would have been decided, either way, at the first step of Holm's correction. Both
    are None with one seed.
    """

    word: str
    alone: str
    adjusted: float | None
    visible: tuple[float, ...] | None


HOLDS, FAILS, CANNOT_TELL = "holds", "does not hold", "cannot tell"


def decide(claims: Sequence[Sequence[ClaimNumber]]) -> list[Decision]:
    """A verdict on each claim of a page.

    A claim holds where every part is in its region: the largest p of its parts counts (intersection-union test, Berger
    1982). It does not hold where some part is outside: the smallest p counts, times the number of parts. Holm's
    correction is over the smaller of the two p values of each claim.
    """
    sides = [both_sides(parts) for parts in claims]
    adjusted, level = corrected([both and min(both) for both in sides])
    return [
        Decision(CANNOT_TELL, CANNOT_TELL, None, None)
        if p is None or both is None
        else Decision(
            word_of(p, *both), word_of(min(both), *both), p,
            tuple(half_width(part.found.components, level / len(parts)) for part in parts),
        )
        for p, both, parts in zip(adjusted, sides, claims, strict=True)
    ]  # fmt: skip


def word_of(adjusted: float, outside: float, inside: float) -> str:
    """The verdict, by the p values of "it does not hold" and "it holds" and the smaller one after correction."""
    if adjusted >= FAMILY:
        return CANNOT_TELL
    return HOLDS if outside <= inside else FAILS


def both_sides(parts: Sequence[ClaimNumber]) -> tuple[float, float] | None:
    """The p values of "it does not hold" and "it holds" of a whole claim; None where a part has one seed."""
    found = [part.region.p_values(part.found) for part in parts]
    known = [both for both in found if both is not None]
    if len(known) < len(found) or not known:
        return None
    return max(outside for outside, _ in known), min(1.0, len(known) * min(inside for _, inside in known))


def mean_interval(scores_S: Sequence[float], images: Interval | None) -> Interval | None:
    """The interval of a mechanism's mean for a new seed and new test images; None with one seed.

    images: the interval over test images only, None where unknown; it is added to the seed level in quadrature, each
    side by itself. It is that of one seed, which is at least as wide as that of the mean.
    """
    count = len(scores_S)
    if count < 2:
        return None
    mean = float(np.mean(scores_S))
    half = half_width([Component(float(np.var(scores_S, ddof=1)) / count, count - 1)], 1 - LEVEL)
    below, above = (mean - images.low, images.high - mean) if images else (0.0, 0.0)
    return Interval(mean - float(np.hypot(half, below)), mean + float(np.hypot(half, above)))


def against_number(interval: Interval | None, published: float, near: float, higher_is_better: bool) -> str:
    """The verdict on a published number: "reproduced" if the whole interval is within `near` of it, "better" or "not
    reproduced" if the whole interval is outside, else, and with one seed, "cannot tell".
    """
    if interval is None:
        return "cannot tell"
    below, above = interval.high < published - near, interval.low > published + near
    if below or above:
        return "better" if above == higher_is_better else "not reproduced"
    within = published - near <= interval.low and interval.high <= published + near
    return "reproduced" if within else "cannot tell"
