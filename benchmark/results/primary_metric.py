"""The one number by which runs of a task are judged: its name, its direction and how it is written."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple, SupportsFloat

from benchmark.common.errors import RunFault


class Headline(NamedTuple):
    """What a record calls its `measure`.

    key: of the number in a summary, and `val/<key>` while training. name: in words.
    higher_is_better: its direction. percent: whether a share in [0, 1], to be written in percent.
    binary: whether each image counts as zero or one, so that the number is a share of images with a binomial interval.
    """

    key: str
    name: str
    higher_is_better: bool
    percent: bool
    binary: bool

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> "Headline":
        """As a record has it. Raises RunFault for a record that has it not: an older version wrote that."""
        found = record.get("measure")
        if not isinstance(found, Mapping) or set(found) != set(cls._fields):
            raise RunFault("the record does not say how its run was measured: an older version wrote it")
        return cls(**found)

    @property
    def monitor(self) -> str:
        return f"val/{self.key}"

    @property
    def worst(self) -> float:
        return -math.inf if self.higher_is_better else math.inf

    def is_better(self, value: float, than: float) -> bool:
        return value > than if self.higher_is_better else value < than

    def written(self, value: SupportsFloat | None) -> str:
        if value is None:
            return "not measured"
        return f"{100 * float(value):.2f} %" if self.percent else f"{float(value):.4f}"
