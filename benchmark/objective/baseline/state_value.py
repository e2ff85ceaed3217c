"""A learned state value as the baseline (RAM, DRAM).

Axes: B images, S trajectories, T time steps, M glimpses before each symbol, V symbols, Q query.
"""

from typing import final

from torch import Tensor, nn

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.baseline.base import Baseline, masked_mean


@final
class StateValue(Baseline):
    """A linear function of the query before the glimpse, fitted to the return by squared error (RAM, DRAM). Its loss
    does not train the decoder: `Rollout.query` has no gradient.
    """

    def __init__(self, query_size: int):
        super().__init__()
        self.value = nn.Linear(query_size, 1)

    def forward(self, rollout: Rollout, return_BSTM: Tensor, mask_BSTM: Tensor) -> tuple[Tensor, Tensor]:
        baseline_BSTM = self.value(rollout.query).squeeze(-1)
        return baseline_BSTM.detach(), masked_mean((baseline_BSTM - return_BSTM).square(), mask_BSTM)
