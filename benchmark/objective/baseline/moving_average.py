"""A moving average of returns as the baseline (Show, Attend and Tell).

Axes: B images, S trajectories, T time steps, M glimpses before each symbol, V symbols, Q query.
"""

from typing import final

import torch
from torch import Tensor

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.baseline.base import Baseline, masked_mean
from datamodules.ranges import NotAll


@final
class MovingAverage(Baseline):
    """An exponential moving average of the mean return over training steps (Show, Attend and Tell: decay 0.9)."""

    mean: Tensor

    def __init__(self, query_size: int, decay: NotAll):
        super().__init__()
        self.decay = decay
        self.register_buffer("mean", torch.zeros(()))

    def forward(self, rollout: Rollout, return_BSTM: Tensor, mask_BSTM: Tensor) -> tuple[Tensor, Tensor]:
        baseline_BSTM = self.mean.expand_as(return_BSTM).clone()
        if self.training:
            self.mean.lerp_(masked_mean(return_BSTM, mask_BSTM), 1 - self.decay)
        return baseline_BSTM, return_BSTM.new_zeros(())
