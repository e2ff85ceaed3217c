"""One for each right symbol until the first mistake (DRAM).

Axes: B images, S trajectories, T symbols.
"""

from typing import final

from torch import Tensor

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.loss_mask.base import right
from benchmark.objective.reward.base import Reward
from datamodules.contract import IGNORED


@final
class Cumulative(Reward):
    """One for each symbol that is right while all before it are (DRAM: nothing is earned after the first mistake)."""

    punishes = False

    def __call__(self, rollout: Rollout, log_BST: Tensor, target_BT: Tensor) -> Tensor:
        unbroken_BST = right(rollout, target_BT).to(log_BST.dtype).cumprod(-1)
        return unbroken_BST * (target_BT != IGNORED)[:, None]
