"""No baseline: the plain score-function estimator.

Axes: B images, S trajectories, T time steps, M glimpses before each symbol, V symbols, Q query.
"""

from typing import final

import torch
from torch import Tensor

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.baseline.base import Baseline


@final
class NoBaseline(Baseline):
    """Zero, so that the advantage is the return."""

    def __init__(self, query_size: int):
        super().__init__()

    def forward(self, rollout: Rollout, return_BSTM: Tensor, mask_BSTM: Tensor) -> tuple[Tensor, Tensor]:
        return torch.zeros_like(return_BSTM), return_BSTM.new_zeros(())
