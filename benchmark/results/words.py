"""What differs from one configuration to another, as overrides of the command line."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

MOST = 2
"""The most overrides that a label lists."""


def as_overrides(differs: Mapping[str, Any]) -> list[str]:
    """Differences from the defaults as command-line overrides; without null values and without interpolated knobs."""
    given = {key: value for key, value in differs.items() if value is not None and last(key) != "_partial_"}
    again = {key for key in given for other in given if key.endswith(f".{other}") and given[key] == given[other]}
    return [
        f"{key.removesuffix('._target_')}={str(value).rpartition('.')[2] if key.endswith('._target_') else value}"
        for key, value in given.items()
        if key not in again
    ]


def brief(differs: Mapping[str, Any]) -> list[str]:
    """The overrides, or their hash where there are more than MOST."""
    words = as_overrides(differs)
    if len(words) <= MOST:
        return words
    text = json.dumps(dict(differs), sort_keys=True, separators=(",", ":"))
    return [f"setting {hashlib.sha256(text.encode()).hexdigest()[:8]}"]


def last(key: str) -> str:
    """The last part of a knob: "size" of look.size and of attention.mechanism.size, which is interpolated from it."""
    return key.rpartition(".")[2]
