"""A reward of one for each correct symbol until the first mistake (DRAM).

Axes: B images, S trajectories, T time steps.
"""

from typing import final

from torch import Tensor

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.loss_mask.base import correct
from benchmark.objective.reward.base import Reward
from datamodules.contract import IGNORED


@final
class Cumulative(Reward):
    """1 for each symbol that is correct, as all before it are, else 0 (DRAM: no reward after the first mistake)."""

    can_be_negative = False

    def __call__(self, rollout: Rollout, log_BST: Tensor, target_BT: Tensor) -> Tensor:
        unbroken_BST = correct(rollout, target_BT).to(log_BST.dtype).cumprod(-1)
        return unbroken_BST * (target_BT != IGNORED)[:, None]
