"""What a task asks of a model, as numbers: the headline by which runs are judged, and all else a record says.

Axes: B images of a batch, N images of a split, T symbols, V symbols to choose from.
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


class Judged(NamedTuple):
    """summary: what a record says of a split, the headline among it, by name. value_N: of each image; the plain mean
    over the images is the headline, so that tasks compare, pair and resample alike.
    """

    summary: dict[str, Any]
    value_N: np.ndarray


class Measure(ABC):
    """Judges what was emitted for the images of a split. Built with the task's `spec` and its `references`.

    extra: torchmetrics metrics that are reported beside the measure's own numbers, by name (`metrics.extra` of a
    configuration). They are never updated themselves; each evaluation works on clones.
    """

    headline: Headline
    extra: Mapping[str, Metric] = MappingProxyType({})

    @abstractmethod
    def parts(self, symbol_BT: Tensor, log_BTV: Tensor, batch: Batch) -> dict[str, Tensor]:
        """What is kept of each image, (B, ...) by name.

        symbol_BT: as emitted, IGNORED after the end. log_BTV: log-probabilities, averaged over trajectories.
        """

    @abstractmethod
    def judge(self, split: str, parts: Mapping[str, np.ndarray]) -> Judged:
        """Of the parts of all images of "validation" or "test", or of some of them, concatenated; `index` among them,
        the place of each in its split.
        """


def numbers(summary: Mapping[str, Any]) -> dict[str, float]:
    """The plain numbers of a summary, as a log takes them."""
    return {key: float(value) for key, value in summary.items() if isinstance(value, int | float)}
