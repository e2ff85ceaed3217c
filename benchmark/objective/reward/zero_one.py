"""One for a right answer, else zero (RAM).

Axes: B images, S trajectories, T symbols.
"""

from typing import final

import torch
from torch import Tensor

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.loss_mask.base import right
from benchmark.objective.reward.base import Reward


@final
class ZeroOne(Reward):
    """One at the last symbol if the whole sequence is right (eq 46; RAM)."""

    punishes = False

    def __call__(self, rollout: Rollout, log_BST: Tensor, target_BT: Tensor) -> Tensor:
        earned_BST = torch.zeros_like(log_BST)
        earned_BST[..., -1] = right(rollout, target_BT).all(-1).to(log_BST.dtype)
        return earned_BST
