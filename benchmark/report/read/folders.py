"""Runs and studies as the rest of the report sees them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

from benchmark.results.primary_metric import Headline


@final
@dataclass(frozen=True)
class RunFolderName:
    """A run's mechanism, data set, seed and setting, from the path of its folder."""

    folder: Path
    attention: str
    data: str
    seed: int
    setting: str


@final
@dataclass(frozen=True)
class Finished:
    """A run with a usable record. remarks: its other files that could not be used, with reasons."""

    address: RunFolderName
    record: Mapping[str, Any]
    remarks: list[str] = field(default_factory=list)

    @property
    def test_images(self) -> int:
        return int(self.record["test"]["images"])

    @property
    def fingerprint(self) -> str:
        return str(self.record["fingerprints"]["test"])

    @property
    def headline(self) -> Headline:
        return Headline.of(self.record)

    def score(self, mode: str) -> float | None:
        """The primary metric on the test split in an evaluation mode; None where it was not measured."""
        return number(self.record["test"].get(mode, {}), self.headline.key)


@final
@dataclass(frozen=True)
class Unfinished:
    """A run without a usable record.

    state: failed, running, interrupted, waiting, damaged or copy. epoch: "3 of 20" or "". headline: its primary
    metric, None while its status lacks it.
    """

    address: RunFolderName
    state: str
    message: str
    epoch: str
    updated: str
    headline: Headline | None = None


@final
@dataclass(frozen=True)
class Study:
    """All runs under a study's folder."""

    folder: Path
    finished: list[Finished]
    unfinished: list[Unfinished]


def number(values: object, key: str) -> float | None:
    """The finite number under a key; None for anything else, such as the null or NaN of a value not measured."""
    value = values.get(key) if isinstance(values, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def entry(values: object, path: Sequence[str]) -> Any:
    """What is at a path of keys; None where there is nothing."""
    for key in path:
        values = values.get(key) if isinstance(values, Mapping) else None
    return values


def deep(values: object, path: Sequence[str]) -> float | None:
    """The finite number at a path of keys; None where there is none."""
    return number(entry(values, path[:-1]), path[-1])
