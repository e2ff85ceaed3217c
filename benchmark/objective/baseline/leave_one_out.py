"""The mean return of an image's other trajectories as the baseline.

Axes: B images, S trajectories, T time steps, M glimpses before each symbol, V symbols, Q query.
"""

from typing import final

from torch import Tensor

from benchmark.common.errors import ConfigFault
from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.baseline.base import Baseline


@final
class LeaveOneOut(Baseline):
    """The mean return of the image's other trajectories: unbiased, without parameters (Kool et al. 2019).

    Raises ConfigFault where there is one trajectory only.
    """

    fewest = 2

    def __init__(self, query_size: int):
        super().__init__()

    def forward(self, rollout: Rollout, return_BSTM: Tensor, mask_BSTM: Tensor) -> tuple[Tensor, Tensor]:
        others = return_BSTM.shape[1] - 1
        if others == 0:
            raise ConfigFault(["objective.baseline: leave_one_out needs objective.samples of 2 or more"])
        return (return_BSTM.sum(1, keepdim=True) - return_BSTM) / others, return_BSTM.new_zeros(())
