"""A moving average of returns as the baseline (Show, Attend and Tell).

Axes: B images, S trajectories, T symbols, M glimpses before each, V symbols, Q query.
"""

from typing import final

import torch
from torch import Tensor

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.baseline.base import Baseline, mean_of
from datamodules.ranges import NotAll


@final
class MovingAverage(Baseline):
    """The mean return so far, forgetting by `decay` each step (Show, Attend and Tell: 0.9)."""

    mean: Tensor

    def __init__(self, query_size: int, decay: NotAll):
        super().__init__()
        self.decay = decay
        self.register_buffer("mean", torch.zeros(()))

    def forward(self, rollout: Rollout, return_BSTM: Tensor, real_BSTM: Tensor) -> tuple[Tensor, Tensor]:
        expected_BSTM = self.mean.expand_as(return_BSTM).clone()
        if self.training:
            self.mean.lerp_(mean_of(return_BSTM, real_BSTM), 1 - self.decay)
        return expected_BSTM, return_BSTM.new_zeros(())
