"""A reward of one for a correct sequence, else zero (RAM).

Axes: B images, S trajectories, T time steps.
"""

from typing import final

from torch import Tensor
from torch.nn.functional import pad

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.loss_mask.base import correct
from benchmark.objective.reward.base import Reward
from datamodules.contract import IGNORED


@final
class ZeroOne(Reward):
    """1 at the last time step of the target if the whole sequence is correct, else 0 (eq 46; RAM)."""

    can_be_negative = False

    def __call__(self, rollout: Rollout, log_BST: Tensor, target_BT: Tensor) -> Tensor:
        within_BT = target_BT != IGNORED
        last_BT = within_BT & ~pad(within_BT[:, 1:], (0, 1))  # not of the batch: padding would delay the reward
        return (correct(rollout, target_BT).all(-1, keepdim=True) & last_BT[:, None]).to(log_BST.dtype)
