"""What REINFORCE pays a trajectory for.

Axes: B images, S trajectories, T symbols.
"""

from abc import ABC, abstractmethod
from typing import final

import torch
from torch import Tensor

from benchmark.common.errors import ConfigFault
from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.loss_mask.masks import LossMask, right
from datamodules.contract import IGNORED
from datamodules.ranges import Positive


class Reward(ABC):
    """What a trajectory earned, symbol by symbol; no gradient flows through it.

    punishes: whether a symbol can earn less than nothing, so that fewer of them are worth more.
    """

    punishes: bool

    @abstractmethod
    def __call__(self, rollout: Rollout, log_BST: Tensor, target_BT: Tensor) -> Tensor:
        """(B, S, T) earned at each symbol."""


@final
class LogLikelihood(Reward):
    """scale * log p(y_t): with scale 1 the only reward for which the estimator follows eq 44."""

    punishes = True

    def __init__(self, scale: Positive):
        self.scale = scale

    def __call__(self, rollout: Rollout, log_BST: Tensor, target_BT: Tensor) -> Tensor:
        return self.scale * log_BST.detach()


@final
class ZeroOne(Reward):
    """One at the last symbol if the whole sequence is right (eq 46; RAM)."""

    punishes = False

    def __call__(self, rollout: Rollout, log_BST: Tensor, target_BT: Tensor) -> Tensor:
        earned_BST = torch.zeros_like(log_BST)
        earned_BST[..., -1] = right(rollout, target_BT).all(-1).to(log_BST.dtype)
        return earned_BST


@final
class Cumulative(Reward):
    """One for each symbol that is right while all before it are (DRAM: nothing is earned after the first mistake)."""

    punishes = False

    def __call__(self, rollout: Rollout, log_BST: Tensor, target_BT: Tensor) -> Tensor:
        unbroken_BST = right(rollout, target_BT).to(log_BST.dtype).cumprod(-1)
        return unbroken_BST * (target_BT != IGNORED)[:, None]


def refuse_paid_mistakes(reward: Reward, loss_mask: LossMask) -> None:
    """Raises ConfigFault where an early mistake would be worth more than a right sequence."""
    if reward.punishes and loss_mask.stops:
        raise ConfigFault(
            [
                "reward and loss_mask: with a reward below zero for every symbol (reward=log_likelihood), of which "
                "none after a mistake counts (loss_mask=until_first_mistake), an early mistake pays more than a right "
                "sequence. Use reward=cumulative or reward=zero_one with loss_mask=until_first_mistake, or "
                "loss_mask=all_steps"
            ]
        )
