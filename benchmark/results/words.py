"""What differs from one configuration to another, as overrides of the command line."""

from collections.abc import Mapping
from typing import Any

from benchmark.results.run_id import digest

MOST = 2
"""The most overrides that a label lists."""
LOOK = "look."
"""How the knobs begin that a task sets for all mechanisms."""


def as_overrides(differs: Mapping[str, Any]) -> list[str]:
    """Differences from the defaults as command-line overrides; without null values and without interpolated knobs."""
    given = {key: value for key, value in differs.items() if value is not None and last(key) != "_partial_"}
    again = {
        key for key in given for other in given if follows(key, other) and given[key] == given[other] and key != other
    }
    return [
        f"{key.removesuffix('._target_')}={str(value).rpartition('.')[2] if key.endswith('._target_') else value}"
        for key, value in given.items()
        if key not in again
    ]


def brief(differs: Mapping[str, Any]) -> list[str]:
    """The overrides, or their hash where there are more than MOST."""
    words = as_overrides(differs)
    return words if len(words) <= MOST else [f"setting {digest(dict(differs))[:8]}"]


def last(key: str) -> str:
    """The last part of a knob: "size" of look.size and of attention.mechanism.size, which is interpolated from it."""
    return key.rpartition(".")[2]


def follows(key: str, other: str) -> bool:
    """Whether a knob may be interpolated from the other one: of the same name in another part, or a knob of `look`,
    which the parts of a model take theirs from.
    """
    return key.endswith(f".{other}") or (other.startswith(LOOK) and last(key) == last(other))
