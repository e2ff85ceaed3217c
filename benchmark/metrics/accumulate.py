"""Per-image outcomes accumulated over the batches of a split, as torchmetrics states that merge across processes.

Axes: B images of a batch, N images of a split, T symbols, V symbols to choose from.
"""

from collections.abc import Mapping
from typing import Any, final

import numpy as np
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from benchmark.common.errors import ConfigFault
from benchmark.metrics.base import Measure, MeasureResult
from datamodules.contract import Batch

INDEX = "index"
STATE = "image_"
"""Prefix of every state's name, so that no outcome can shadow an attribute of `Metric`."""


@final
class Outcomes(Metric):
    """Named per-image outcomes: tensors with one row per image.

    The states are lists that are concatenated across processes. An image that several processes evaluated (distributed
    samplers pad their share) counts once. Nothing is copied off the device before `compute`.
    """

    full_state_update = False

    def update(self, index_B: Tensor, values: Mapping[str, Tensor]) -> None:
        """index_B: index of each image in its split. values: (B, ...) by name, the same names in every batch."""
        for name, value in {INDEX: index_B, **values}.items():
            if f"{STATE}{name}" not in self._defaults:
                self.add_state(f"{STATE}{name}", [], dist_reduce_fx="cat")
            getattr(self, f"{STATE}{name}").append(value)

    def compute(self) -> dict[str, np.ndarray]:
        """(N, ...) arrays by name, `index` among them, sorted by the image's index in the split."""
        arrays = {state.removeprefix(STATE): dim_zero_cat(getattr(self, state)) for state in self._defaults}
        found = {name: value.cpu().numpy() for name, value in arrays.items()}
        _, first_N = np.unique(found[INDEX], return_index=True)
        return {name: value[first_N] for name, value in found.items()}


@final
class Accumulator:
    """Evaluates a measure on a split, batch by batch: per-image outcomes, and clones of the measure's extra metrics."""

    def __init__(self, measure: Measure):
        self._measure, self._outcomes = measure, Outcomes()
        self._extra = {name: metric.clone() for name, metric in measure.extra.items()}

    def add(self, symbol_BT: Tensor, log_BTV: Tensor, batch: Batch, **beside: Tensor) -> None:
        """symbol_BT and log_BTV: as in `Measure.parts`. beside: further (B,) outcomes to keep, by name."""
        self._outcomes.update(batch.index, {**beside, **self._measure.parts(symbol_BT, log_BTV, batch)})
        for metric in self._extra.values():
            metric.to(log_BTV.device).update(log_BTV[:, 0].exp(), batch.target[:, 0])

    def outcomes(self) -> dict[str, np.ndarray]:
        """The outcomes of all images so far, as `Outcomes.compute` returns them."""
        found: dict[str, np.ndarray] = self._outcomes.compute()
        return found

    def result(self, split: str) -> MeasureResult:
        """The measure's numbers and those of the extra metrics. Raises ConfigFault where an extra metric has the name
        of one of the measure's own numbers.
        """
        own = self._measure.compute(split, self.outcomes())
        extra = {name: plain(metric.compute()) for name, metric in self._extra.items()}
        if doubles := sorted(own.summary.keys() & extra.keys()):
            raise ConfigFault([f"metrics.extra.{name}: the measure has a number of this name" for name in doubles])
        return own._replace(summary=own.summary | extra)


def plain(value: Any) -> Any:
    """A metric's result converted to plain numbers, lists and dictionaries, which JSON can hold."""
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value.tolist() if isinstance(value, Tensor) else value
