"""The primary metric of a task: its name, its direction and its format."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple, SupportsFloat

from benchmark.common.errors import RunFault
from benchmark.results.vocabulary import VAL


class Headline(NamedTuple):
    """The primary metric of a run; the entry `measure` of its record.

    key: of the value in a summary, and `val/<key>` during training. name: for people. percent: whether it is a share in
    [0, 1], written in percent. binary: whether each image counts as 0 or 1, so that the metric is a share of images
    with a binomial interval.
    """

    key: str
    name: str
    higher_is_better: bool
    percent: bool
    binary: bool

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> "Headline":
        """The primary metric of a record. Raises RunFault where it is missing, as in records of older versions."""
        found = record.get("measure")
        if not isinstance(found, Mapping) or set(found) != set(cls._fields):
            raise RunFault("the record has no primary metric: an older version wrote it")
        return cls(**found)

    @property
    def monitor(self) -> str:
        """The key under which Lightning logs the validation value."""
        return f"{VAL}/{self.key}"

    @property
    def worst(self) -> float:
        return -math.inf if self.higher_is_better else math.inf

    def is_better(self, value: float, than: float) -> bool:
        return value > than if self.higher_is_better else value < than

    def written(self, value: SupportsFloat | None) -> str:
        """A value as text, in percent or with four decimals."""
        if value is None:
            return "not measured"
        return f"{100 * float(value):.2f} %" if self.percent else f"{float(value):.4f}"


def on_validation(record: Mapping[str, Any]) -> float | None:
    """The primary metric of a record on the validation split, of its best checkpoint; None without a record."""
    if not record:
        return None
    found: float = record["validation"][record["measure"]["key"]]
    return found
