"""What a trajectory earns under REINFORCE.

Axes: B images, S trajectories, T symbols.
"""

from abc import ABC, abstractmethod

from torch import Tensor

from benchmark.common.errors import ConfigFault
from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.loss_mask.base import LossMask


class Reward(ABC):
    """What a trajectory earned, symbol by symbol; no gradient flows through it.

    punishes: whether a symbol can earn less than nothing, so that fewer of them are worth more.
    """

    punishes: bool

    @abstractmethod
    def __call__(self, rollout: Rollout, log_BST: Tensor, target_BT: Tensor) -> Tensor:
        """(B, S, T) earned at each symbol."""


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
