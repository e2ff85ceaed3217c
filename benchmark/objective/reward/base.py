"""Rewards of REINFORCE.

Axes: B images, S trajectories, T time steps, M glimpses before each symbol.
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from benchmark.common.errors import ConfigFault, contract_fault
from benchmark.common.tensor_checks import constant_fault
from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.loss_mask.base import LossMask
from benchmark.objective.trajectories.sampled import SampledTrajectories


class Reward(ABC):
    """The reward of each time step, or of each glimpse, without gradient.

    can_be_negative: whether it can be below zero, so that a shorter sequence can have a higher return.
    trajectories: how the rollout is made that it is a reward of.
    """

    can_be_negative: bool
    trajectories = SampledTrajectories(each_glimpse=False)

    @abstractmethod
    def __call__(self, rollout: Rollout, log_BST: Tensor, target_BT: Tensor) -> Tensor:
        """(B, S, T) rewards, each for all glimpses of a time step, or (B, S, T, M), each for one glimpse.

        log_BST: log-likelihood of each true symbol.
        """


def masked_rewards(reward: Reward, rollout: Rollout, log_BST: Tensor, target_BT: Tensor, mask_BST: Tensor) -> Tensor:
    """The rewards of the time steps whose mask is 1; zero for others. Raises RunFault where they break the contract."""
    found = reward(rollout, log_BST, target_BT)
    if fault := constant_fault("it", found, log_BST.shape, rollout.log_prob.shape):
        raise contract_fault("reward", reward, [fault])
    return found * mask_BST.view(*mask_BST.shape, *[1] * (found.dim() - 3))


def glimpse_rewards(reward: Tensor, like_BSTM: Tensor) -> Tensor:
    """(B, S, T, M) rewards of glimpses. That of a time step is its last glimpse's."""
    if reward.dim() == like_BSTM.dim():
        return reward
    earlier_BSTm = reward.new_zeros(*like_BSTM.shape[:3], like_BSTM.shape[3] - 1)
    return torch.cat([earlier_BSTm, reward[..., None]], -1)


def returns_to_go(reward: Tensor, like_BSTM: Tensor) -> Tensor:
    """(B, S, T, M) the return of each glimpse: the sum of all rewards from it on."""
    if reward.dim() == like_BSTM.dim():
        return reward.flatten(-2).flip(-1).cumsum(-1).flip(-1).view_as(like_BSTM)
    return reward.flip(-1).cumsum(-1).flip(-1)[..., None].expand_as(like_BSTM)


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
