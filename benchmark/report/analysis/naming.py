"""Labels of settings: the overrides of the defaults, or the experiment and the overrides of that."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, final

from benchmark.report.read.folders import Finished
from benchmark.results.words import MOST, as_overrides, brief, last

POLICY = re.compile(r"attention(\.mechanism\.|/)policy\b")
"""A knob of the policy, or its choice."""


@final
class Names(NamedTuple):
    """What a group is called. name: the same on every data set; a style belongs to it. label: with marks."""

    name: str
    label: str


@final
@dataclass(frozen=True)
class Departure:
    """How runs differ, without what all runs of the study share. own: from the defaults; beyond: from their experiment,
    which is "" for none. Of a choice its name alone, not the values that come with it, where the record tells them
    apart; older records do not.
    """

    own: Mapping[str, Any]
    experiment: str
    beyond: Mapping[str, Any]

    @classmethod
    def of(
        cls, record: Mapping[str, Any], shared: Collection[str], apart: Mapping[str, Any] | None = None
    ) -> "Departure":
        """From a record, without the shared knobs. apart: of its setting, in place of what is beyond its experiment
        (`versions`).
        """
        own, beyond = (less(told_of(record).get(entry, {}), shared) for entry in ("differs", "beyond"))
        return cls(own, str(record.get("experiment", "")), beyond if apart is None else less(apart, shared))

    @property
    def is_long(self) -> bool:
        """Whether there are more overrides than a label lists."""
        return len(as_overrides(self.own)) > MOST

    @property
    def head(self) -> list[str]:
        """The experiment, if it stands in the label: where there are many overrides."""
        return [self.experiment] if self.experiment and self.is_long else []

    @property
    def words(self) -> list[str]:
        """All overrides; those of the experiment where that stands in the label."""
        return as_overrides(self.beyond if self.head else self.own)

    @property
    def elsewhere(self) -> dict[str, Any]:
        """The overrides of the defaults that do not say where a model looks: all but the policy's."""
        return {key: value for key, value in self.own.items() if not POLICY.match(key)}

    def name(self, attention: str, but: Collection[str] = ()) -> str:
        """A mechanism with its overrides: dram (optimizer.lr=0.001). Where these are many, with its experiment and the
        overrides of that: dram (table1_dram, trainer.max_epochs=50). Where these are many too, with their hash.
        but: knobs to leave out.
        """
        rest = Departure(less(self.own, but), self.experiment, less(self.beyond, but))
        words = rest.head + brief(rest.beyond if rest.head else rest.own)
        return f"{attention} ({', '.join(words)})" if words else attention


def in_brackets(name: str, more: str) -> str:
    """A name with one more thing in its brackets: dram (optimizer.lr=0.001, more)."""
    return f"{name[:-1]}, {more})" if name.endswith(")") else f"{name} ({more})"


def told_of(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The entries `differs` and `beyond` of a record in few words; in full where it is older than these."""
    told: Mapping[str, Any] = record.get("told", record)
    return told


def less(differs: Mapping[str, Any], keys: Collection[str]) -> dict[str, Any]:
    """The differences without some knobs."""
    return {key: value for key, value in differs.items() if key not in keys}


def in_common(finished: Sequence[Finished]) -> dict[str, Any]:
    """The overrides that all runs share."""
    return intersection([told_of(run.record)["differs"] for run in finished])


def intersection(several: Collection[Mapping[str, Any]]) -> dict[str, Any]:
    """What all of several mappings have, with the same value; {} for none."""
    first, *others = several or ({},)
    return {key: value for key, value in first.items() if all(key in other and other[key] == value for other in others)}


def versions(finished: Sequence[Finished]) -> Mapping[str, Mapping[str, Any]]:
    """By setting, what tells the runs of one experiment apart where its yaml changed between two of them: how they
    differ from the defaults, less what all of them share. What a run has beyond its experiment does not tell it then.
    Empty where the experiment sets the same knobs in all of them.
    """
    if not any(disagree(one.record, other.record) for one in finished for other in finished):
        return {}
    settings = {run.address.setting: run.record for run in finished}
    own = {setting: told_of(record)["differs"] for setting, record in settings.items()}
    if len({repr(sorted(differs.items())) for differs in own.values()}) < len(own):
        own = {setting: record["differs"] for setting, record in settings.items()}  # a choice's own values changed
    alike = intersection(own.values())
    return {setting: less(differs, alike) for setting, differs in own.items()}


def disagree(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether an experiment set a knob in one run that is otherwise in another, which did not set it by itself. one,
    other: records.
    """
    beyond = {**told_of(one).get("beyond", {}), **told_of(other).get("beyond", {})}
    brought = less(told_of(one)["differs"], beyond)
    return any(key not in other["differs"] or other["differs"][key] != value for key, value in brought.items())


def following(alike: Mapping[str, Any], shared: frozenset[str]) -> frozenset[str]:
    """The overrides of a mechanism that are interpolated from a shared one: of the same name and value."""
    leaders = [(last(key), alike[key]) for key in shared]
    return frozenset(key for key, value in alike.items() if (last(key), value) in leaders)
