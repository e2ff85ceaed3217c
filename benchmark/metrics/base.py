"""The base of a task's metrics: the primary metric by which runs are compared, and the other numbers of a record.

Axes: B images of a batch, N images of a split, T time steps, V symbols of the vocabulary.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor
from torchmetrics import Metric

from benchmark.results.primary_metric import Headline
from datamodules.contract import Batch


class MeasureResult(NamedTuple):
    """summary: the numbers that a record holds of a split, by name, the primary metric among them. value_N: (N,) value
    of each image; their plain mean is the primary metric, so that paired tests and the bootstrap work alike for all
    tasks.
    """

    summary: dict[str, Any]
    value_N: np.ndarray


class Measure(ABC):
    """Scores the sequences emitted for the images of a split. Constructed with the task's `spec` and `references`.

    headline: the primary metric. extra: torchmetrics metrics reported beside the measure's own numbers, by name
    (`metrics.extra` of a configuration). They are never updated themselves; each evaluation works on clones.
    """

    headline: Headline
    extra: Mapping[str, Metric] = MappingProxyType({})

    @abstractmethod
    def parts(self, symbol_BT: Tensor, log_BTV: Tensor, batch: Batch) -> dict[str, Tensor]:
        """The outcomes to keep of each image, (B, ...) by name.

        symbol_BT: (B, T) long, the emitted symbols, IGNORED after the end. log_BTV: (B, T, V) log-probabilities,
        averaged over trajectories.
        """

    @abstractmethod
    def compute(self, split: str, parts: Mapping[str, np.ndarray]) -> MeasureResult:
        """The result over the images of "validation" or "test", or over a subset of them.

        parts: (N, ...) arrays, the concatenated outcomes of `parts`, and `index`, each image's index in its split.
        """


def numbers(summary: Mapping[str, Any]) -> dict[str, float]:
    """The entries of a summary that are plain numbers, as floats for a logger."""
    return {key: float(value) for key, value in summary.items() if isinstance(value, int | float)}
