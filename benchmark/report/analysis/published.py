"""Published numbers beside measured ones, and whether they were reproduced; the numbers are in published.yaml."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, final

import yaml

from benchmark.report.analysis.estimates import Estimate
from benchmark.report.analysis.grouping import Group
from benchmark.report.analysis.inference import against_number
from benchmark.report.analysis.naming import Departure
from benchmark.report.read.folders import number
from benchmark.results.words import as_overrides


@final
@dataclass(frozen=True)
class Published:
    """One published number on a test split. attentions: the mechanisms here that it belongs to, possibly none.

    measure: key of the metric. value: as printed, errors in percent. glimpses, side: what a run must have to be
    comparable, None where it does not matter or is unknown. sure: whether it was read in the source, not remembered.
    protocol: the experiment here that follows the published protocol, "" where there is none.
    """

    system: str
    attentions: tuple[str, ...]
    data: tuple[str, ...]
    measure: str
    value: float
    paper: str
    version: str
    setting: str
    glimpses: int | None
    side: int | None
    sure: bool
    protocol: str = ""

    @property
    def source(self) -> str:
        return f"{self.paper}, {self.version}; {self.setting}" + ("" if self.sure else "; from memory, not verified")


@final
@dataclass(frozen=True)
class Verdict:
    """The verdict on a published number. word: reproduced, better, not reproduced or cannot tell."""

    word: str
    reason: str


def read_published() -> list[Published]:
    """The numbers of published.yaml."""
    raw = yaml.safe_load(files("benchmark.report.analysis").joinpath("published.yaml").read_text(encoding="utf-8"))
    return [Published(**tuples(entry)) for entry in raw["numbers"]]


def tuples(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry with its lists as tuples."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}


def apt(numbers: Sequence[Published], group: Group) -> list[Published]:
    """Published numbers of a group's mechanism, data set and image size, of any metric."""
    data = group.runs[0].address.data
    return [
        entry
        for entry in numbers
        if group.attention in entry.attentions and data in entry.data and entry.side in (None, group.side)
    ]


def published_for(numbers: Sequence[Published], group: Group) -> list[Published]:
    """Published numbers of a group's mechanism and primary metric, at its number of glimpses or the nearest."""
    found = [entry for entry in apt(numbers, group) if entry.measure == group.quality.key]
    glimpses = int(number(group.runs[0].record, "glimpses") or 0)
    gaps = [abs(entry.glimpses - glimpses) if entry.glimpses else 0 for entry in found]
    return [entry for entry, gap in zip(found, gaps, strict=True) if gap == min(gaps)]


def judge_number(entry: Published, group: Group, measured: Estimate) -> Verdict:
    """Whether a published number was reproduced, by the interval for a new seed and new test images."""
    glimpses = group.runs[0].record.get("glimpses")
    if entry.glimpses not in (None, glimpses):
        return Verdict("cannot tell", f"another setting: {entry.glimpses} glimpses there, {glimpses} here")
    if measured.interval is None:
        return Verdict("cannot tell", f"one seed: the variance over seeds is unknown{departure(entry, group)}")
    quality = group.quality
    target = entry.value / quality.factor
    near = quality.tolerance(target)
    word = against_number(measured.interval, target, near, quality.headline.higher_is_better)
    allowed = f"{quality.written(near)}{quality.points.replace(',', '')} of {entry.value:g}{quality.unit}"
    where = {"reproduced": "within", "cannot tell": "partly within"}.get(word, "outside")
    return Verdict(
        word, f"{quality.span(measured.interval)}{quality.unit} is {where} {allowed}{departure(entry, group)}"
    )


def departure(entry: Published, group: Group) -> str:
    """How runs depart from the published protocol, as far as there is an experiment here that follows it."""
    record = group.runs[0].record
    made, beyond = record.get("experiment") or "no experiment", as_overrides(Departure.of(record, ()).beyond)
    if not entry.protocol:
        return ""
    if made != entry.protocol:
        return f"; by another protocol ({made}; the published one is {entry.protocol})"
    return f"; by the published protocol, but {', '.join(beyond)}" if beyond else ""
