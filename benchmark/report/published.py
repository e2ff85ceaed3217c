"""Published numbers beside measured ones, and whether they were reproduced; the numbers are in published.yaml."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, final

import yaml

from benchmark.report import formats
from benchmark.report.comparisons import Comparison, between
from benchmark.report.folders import number
from benchmark.report.grouping import Estimate, Group, Task

TOLERANCE = 0.01
"""Within one percentage point counts as reproduced."""


@final
@dataclass(frozen=True)
class Published:
    """One published test error. attentions: ours it belongs to, none where no mechanism of ours is apt.

    error: in percent. glimpses, side: what a run must share to be comparable, None where it does not matter or is
    unknown. sure: read in a source, not only remembered.
    """

    system: str
    attentions: tuple[str, ...]
    data: tuple[str, ...]
    error: float
    paper: str
    version: str
    setting: str
    glimpses: int | None
    side: int | None
    sure: bool

    @property
    def source(self) -> str:
        return f"{self.paper}, {self.version}; {self.setting}" + ("" if self.sure else "; from memory, not verified")


@final
@dataclass(frozen=True)
class Claim:
    """A published order: on each of `data`, `better` has a lower error than `worse`."""

    text: str
    paper: str
    data: tuple[str, ...]
    better: str
    worse: str


@final
@dataclass(frozen=True)
class Verdict:
    """What the runs say of a published number or order. word: reproduced, better, not reproduced, cannot tell."""

    word: str
    reason: str


def read_published() -> tuple[list[Published], list[Claim]]:
    """The numbers and the claims of published.yaml."""
    raw = yaml.safe_load(files("benchmark.report").joinpath("published.yaml").read_text(encoding="utf-8"))
    numbers = [Published(**tuples(entry)) for entry in raw["numbers"]]
    return numbers, [Claim(**tuples(entry)) for entry in raw["claims"]]


def tuples(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry with its lists frozen."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}


def published_for(numbers: Sequence[Published], group: Group) -> list[Published]:
    """Published errors of a group's mechanism, data and image size: those of its glimpses, else of the nearest."""
    run = group.runs[0]
    apt = [
        entry
        for entry in numbers
        if group.attention in entry.attentions and run.address.data in entry.data and entry.side in (None, group.side)
    ]
    glimpses = int(number(run.record, "glimpses") or 0)
    gaps = [abs(entry.glimpses - glimpses) if entry.glimpses else 0 for entry in apt]
    return [entry for entry, gap in zip(apt, gaps, strict=True) if gap == min(gaps)]


def judge_number(entry: Published, group: Group, measured: Estimate) -> Verdict:
    """Whether a published error was reproduced.

    Reproduced: the whole interval (the hull of that over seeds and the binomial one) is within a percentage point of
    the published error. Not: the whole of it is outside. Anything between cannot be told from these runs.
    """
    glimpses = group.runs[0].record.get("glimpses")
    if entry.glimpses not in (None, glimpses):
        return Verdict("cannot tell", f"another setting: {entry.glimpses} glimpses there, {glimpses} here")
    low, high = measured.hull
    target = entry.error / 100
    span = f"{100 * low:.2f} to {100 * high:.2f} %"
    once = ", one seed" if measured.seeds is None else ""
    if target - TOLERANCE <= low and high <= target + TOLERANCE:
        return Verdict("reproduced", f"{span} is within 1 point of {entry.error:g} %{once}")
    if high < target - TOLERANCE:
        return Verdict("better", f"{span} is more than 1 point below {entry.error:g} %{once}")
    if low > target + TOLERANCE:
        return Verdict("not reproduced", f"{span} is more than 1 point above {entry.error:g} %{once}")
    return Verdict("cannot tell", f"{span} is neither within nor beyond 1 point of {entry.error:g} %{once}")


def judge_claim(claim: Claim, task: Task, comparisons: Sequence[Comparison]) -> Verdict | None:
    """Whether an order was reproduced; None where the task has not both mechanisms.

    Of a mechanism with several settings the default one speaks, else the one of the lowest error.
    """
    by_choice = sorted(enumerate(task.groups), key=lambda item: (not item[1].setting, -item[0]))
    places = {group.attention: place for place, group in by_choice}  # the last one of a name stays
    if task.data not in claim.data or not {claim.better, claim.worse} <= places.keys():
        return None
    found = between(comparisons, places[claim.better], places[claim.worse])
    if found is None:
        return Verdict("cannot tell", "no seed in common, or no predictions to pair")
    detail = (
        f"{formats.points(found.difference)} points ({formats.span(found.interval)}), p after Holm "
        f"{formats.probability(found.adjusted)}, {formats.plural(len(found.seeds), 'seed')}"
    )
    if not found.clear:
        return Verdict("cannot tell", detail)
    return Verdict("reproduced" if found.difference < 0 else "not reproduced", detail)
