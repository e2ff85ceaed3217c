"""Trained from an epoch on.

Axes: B images, C channels, H rows, W columns.
"""

from typing import final

from benchmark.model.encoder.tuning.base import Tuning
from datamodules.ranges import Count, NonNegative


@final
class FromEpoch(Tuning):
    """From epoch number `epoch` of `epochs` on, the first being 1."""

    def __init__(self, epoch: Count, epochs: Count, rate: NonNegative):
        self.rate = rate
        self._start = (epoch - 1) / epochs - 1e-9  # shares of training are ratios of steps, rounded

    def learns(self, progress: float) -> bool:
        return progress >= self._start
