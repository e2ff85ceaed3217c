"""A reward of one for a correct sequence, else zero (RAM).

Axes: B images, S trajectories, T time steps.
"""

from typing import final

import torch
from torch import Tensor

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.loss_mask.base import correct
from benchmark.objective.reward.base import Reward


@final
class ZeroOne(Reward):
    """1 at the last time step if the whole sequence is correct, else 0 (eq 46; RAM)."""

    can_be_negative = False

    def __call__(self, rollout: Rollout, log_BST: Tensor, target_BT: Tensor) -> Tensor:
        reward_BST = torch.zeros_like(log_BST)
        reward_BST[..., -1] = correct(rollout, target_BT).all(-1).to(log_BST.dtype)
        return reward_BST
