"""How a setting is named: by what differs from the defaults, or by its experiment and what differs from that."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from benchmark.report.read.folders import Finished

MOST = 2
"""Values that a name can hold."""


def told(differs: Mapping[str, Any]) -> list[str]:
    """What differs from the defaults, as one would type it: nothing absent, nothing twice where a key refers to it."""
    kept = {key: value for key, value in differs.items() if value is not None and last(key) != "_partial_"}
    again = {key for key in kept for other in kept if key.endswith(f".{other}") and kept[key] == kept[other]}
    return [
        f"{key.removesuffix('._target_')}={str(value).rpartition('.')[2] if key.endswith('._target_') else value}"
        for key, value in kept.items()
        if key not in again
    ]


@final
@dataclass(frozen=True)
class Departure:
    """How runs differ, less what all of their study have alike. own: from the defaults; beyond: from their experiment,
    which is "" for none.
    """

    own: Mapping[str, Any]
    experiment: str
    beyond: Mapping[str, Any]

    @classmethod
    def of(cls, record: Mapping[str, Any], shared: Collection[str]) -> "Departure":
        """That of a record, less the keys in which all are alike."""
        own, beyond = (less(record.get(entry, {}), shared) for entry in ("differs", "beyond"))
        return cls(own, str(record.get("experiment", "")), beyond)

    @property
    def is_long(self) -> bool:
        """Whether it is more than a name can hold."""
        return len(told(self.own)) > MOST

    @property
    def head(self) -> list[str]:
        """The experiment where it makes the name, for what is long."""
        return [self.experiment] if self.experiment and self.is_long else []

    @property
    def words(self) -> list[str]:
        """All of it, as one would type it; from the experiment where that makes the name."""
        return told(self.beyond if self.head else self.own)

    def name(self, attention: str, but: Collection[str] = ()) -> str:
        """A mechanism with what differs from its defaults: dram (optimizer.lr=0.001); where that is more than a name
        can hold, its experiment with what differs from that one: dram (table1_dram, trainer.max_epochs=50); the hash of
        what is still too much. but: keys to leave out.
        """
        kept = Departure(less(self.own, but), self.experiment, less(self.beyond, but))
        words = kept.head + brief(kept.beyond if kept.head else kept.own)
        return f"{attention} ({', '.join(words)})" if words else attention


def less(differs: Mapping[str, Any], keys: Collection[str]) -> dict[str, Any]:
    """Without some keys."""
    return {key: value for key, value in differs.items() if key not in keys}


def brief(differs: Mapping[str, Any]) -> list[str]:
    """What differs, or the hash of it where that is much."""
    words = told(differs)
    if len(words) <= MOST:
        return words
    text = json.dumps(dict(differs), sort_keys=True, separators=(",", ":"))
    return [f"setting {hashlib.sha256(text.encode()).hexdigest()[:8]}"]


def last(key: str) -> str:
    """A knob's own name: look.size and attention.mechanism.size, which follows it, are both of size."""
    return key.rpartition(".")[2]


def in_common(finished: Sequence[Finished]) -> dict[str, Any]:
    """What differs from the defaults in all runs, and alike."""
    first, *others = (run.record["differs"] for run in finished) if finished else ({},)
    return {key: value for key, value in first.items() if all(key in other and other[key] == value for other in others)}


def following(alike: Mapping[str, Any], shared: frozenset[str]) -> frozenset[str]:
    """The keys, alike in all runs of a mechanism, that only follow a shared one: of its own name, with its value."""
    leaders = [(last(key), alike[key]) for key in shared]
    return frozenset(key for key, value in alike.items() if (last(key), value) in leaders)
