"""How a setting is named: by what differs from the defaults."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from benchmark.report.folders import Finished


def told(differs: Mapping[str, Any]) -> list[str]:
    """What differs from the defaults, as one would type it: nothing absent, nothing twice where a key refers to it."""
    kept = {key: value for key, value in differs.items() if value is not None and last(key) != "_partial_"}
    again = {key for key in kept for other in kept if key.endswith(f".{other}") and kept[key] == kept[other]}
    return [
        f"{key.removesuffix('._target_')}={str(value).rpartition('.')[2] if key.endswith('._target_') else value}"
        for key, value in kept.items()
        if key not in again
    ]


def name_of(attention: str, differs: Mapping[str, Any]) -> str:
    """A mechanism with what differs from its defaults: dram (optimizer.lr=0.001); by its setting where that is more
    than a name can hold.
    """
    words = told(differs)
    if len(words) > 2:
        text = json.dumps(dict(differs), sort_keys=True, separators=(",", ":"))
        words = [f"setting {hashlib.sha256(text.encode()).hexdigest()[:8]}"]
    return f"{attention} ({', '.join(words)})" if words else attention


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
