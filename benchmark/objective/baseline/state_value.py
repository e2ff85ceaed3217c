"""A learned state value as the baseline (RAM, DRAM).

Axes: B images, S trajectories, T symbols, M glimpses before each, V symbols, Q query.
"""

from typing import final

from torch import Tensor, nn

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.baseline.base import Baseline, mean_of


@final
class StateValue(Baseline):
    """Linear in the state before the glimpse, fitted to the return (RAM, DRAM); its loss never reaches the core."""

    def __init__(self, query_size: int):
        super().__init__()
        self.value = nn.Linear(query_size, 1)

    def forward(self, rollout: Rollout, return_BSTM: Tensor, real_BSTM: Tensor) -> tuple[Tensor, Tensor]:
        expected_BSTM = self.value(rollout.query).squeeze(-1)
        return expected_BSTM.detach(), mean_of((expected_BSTM - return_BSTM).square(), real_BSTM)
