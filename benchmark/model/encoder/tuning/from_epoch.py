"""Fine-tuning from a given epoch on.

Axes: B images, C channels, H rows, W columns.
"""

from typing import final

from benchmark.model.encoder.tuning.base import Tuning
from datamodules.ranges import Count, NonNegative


@final
class FromEpoch(Tuning):
    """Trained from epoch `epoch` of `epochs` on, the first being 1. rate: factor of the learning rate."""

    def __init__(self, epoch: Count, epochs: Count, rate: NonNegative):
        self.rate = rate
        self._start = (epoch - 1) / epochs - 1e-9  # progress is a ratio of steps, rounded

    def learns(self, progress: float) -> bool:
        return progress >= self._start
