"""What a run folder holds, as the rest of the report sees it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

from benchmark.results.primary_metric import Headline


@final
@dataclass(frozen=True)
class RunFolderName:
    """Where a run stands in its study, read from its folder's path."""

    folder: Path
    attention: str
    data: str
    seed: int
    setting: str


@final
@dataclass(frozen=True)
class Finished:
    """A run with a readable record; `remarks` say what else of it could not be used."""

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
        """The headline on the test split in an evaluation mode; None where it was not measured."""
        return number(self.record["test"].get(mode, {}), self.headline.key)


@final
@dataclass(frozen=True)
class Unfinished:
    """A run without a usable record.

    state: failed, running, interrupted, waiting, damaged or copy; epoch: "3 of 20" or "". headline: of what it is
    judged by, None where it has not said so yet.
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
    """All that was found under a study's folder."""

    folder: Path
    finished: list[Finished]
    unfinished: list[Unfinished]


def number(values: object, key: str) -> float | None:
    """A finite number under a key, None for anything else: a record may hold null or NaN where nothing was measured."""
    value = values.get(key) if isinstance(values, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
