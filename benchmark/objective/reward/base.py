"""Rewards of REINFORCE.

Axes: B images, S trajectories, T time steps.
"""

from abc import ABC, abstractmethod

from torch import Tensor

from benchmark.common.errors import ConfigFault
from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.loss_mask.base import LossMask


class Reward(ABC):
    """The reward of each time step, without gradient.

    can_be_negative: whether it can be below zero, so that a shorter sequence can have a higher return.
    """

    can_be_negative: bool

    @abstractmethod
    def __call__(self, rollout: Rollout, log_BST: Tensor, target_BT: Tensor) -> Tensor:
        """(B, S, T) rewards. log_BST: log-likelihood of each true symbol."""


def refuse_rewarded_mistakes(reward: Reward, loss_mask: LossMask) -> None:
    """Raises ConfigFault where an early mistake would have a higher return than a correct sequence."""
    if reward.can_be_negative and loss_mask.ends_at_mistake:
        raise ConfigFault(
            [
                "reward and loss_mask: with a reward below zero for every symbol (reward=log_likelihood), of which "
                "none after a mistake counts (loss_mask=until_first_mistake), an early mistake returns more than "
                "a correct sequence. Use reward=cumulative or reward=zero_one with loss_mask=until_first_mistake, or "
                "loss_mask=all_steps"
            ]
        )
