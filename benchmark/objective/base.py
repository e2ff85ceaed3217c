"""The interface of objectives (training losses), and the log-likelihood of a rollout (eq 8).

Axes: B images, S trajectories, T time steps, M glimpses before each symbol, V symbols, Q query.
"""

from abc import ABC, abstractmethod

from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from benchmark.common.errors import ConfigFault
from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.trajectories.base import Trajectories
from benchmark.objective.trajectories.sampled import SampledTrajectories
from benchmark.objective.updates import OneUpdate, Updates
from datamodules.contract import IGNORED


def log_likelihood(rollout: Rollout, target_BT: Tensor) -> Tensor:
    """(B, S, T) log p(y_t | y_<t, glimpses); zero where the target is IGNORED."""
    target_BST = target_BT[:, None].expand(rollout.logits.shape[:3])
    return -cross_entropy(rollout.logits.movedim(-1, 1), target_BST, ignore_index=IGNORED, reduction="none")


def glimpse_mask(mask_BST: Tensor, target_BT: Tensor, like_BSTM: Tensor) -> Tensor:
    """(B, S, T, M) ones for glimpses that count: the loss mask's, but for those after the end of the sequence, which
    have neither reward nor policy gradient.
    """
    return mask_BST[..., None] * within_sequence(target_BT, like_BSTM)


def within_sequence(target_BT: Tensor, like_BSTM: Tensor) -> Tensor:
    """(B, S, T, M) ones for glimpses up to the end of the sequence, zeros after it."""
    return (target_BT != IGNORED)[:, None, :, None].to(like_BSTM.dtype).expand_as(like_BSTM)


def trajectory_log_prob(rollout: Rollout, target_BT: Tensor) -> Tensor:
    """(B, S) log p(glimpses) of a trajectory, up to the end of its sequence."""
    return (rollout.log_prob * within_sequence(target_BT, rollout.log_prob)).sum((-2, -1))


def logged_terms(log_BST: Tensor, reward: Tensor, baseline_loss: Tensor, regularizer: Tensor) -> dict[str, Tensor]:
    """What REINFORCE and its relatives log: `nll` of all time steps, also of those that a loss mask leaves out, the
    reward of a trajectory, and the losses of the baseline and the regulariser. reward: (B, S, T) or (B, S, T, M).
    """
    return {
        "nll": -log_BST.detach().sum(-1).mean(),
        "reward": reward.flatten(2).sum(-1).mean(),
        "baseline": baseline_loss.detach(),
        "penalty": regularizer.detach(),
    }


def refuse_without_items(item_size: int, objective: str, reason: str) -> None:
    """Raises ConfigFault where a mechanism gives no features of items."""
    if not item_size:
        raise ConfigFault(
            [
                f"objective: {objective} is for mechanisms that attend to items, as attention=item_hard or "
                f"attention/policy=map: {reason}. Use objective=reinforce"
            ]
        )


class Objective(nn.Module, ABC):
    """A loss of a rollout.

    samples: S, trajectories of each image in training. for_drawn: whether it has a gradient for a policy whose glimpses
    are sampled. for_drawn_only: whether it makes no sense where no glimpse is sampled, as by soft attention.
    needs_place_gradient: whether its gradient reaches the policy through the place of a glimpse, see `Attention`.
    second_gradients: whether the gradient of a gradient is in its loss.
    trajectories: how the rollout is made that `forward` is called with.
    updates: how many optimiser steps each batch has.
    """

    samples: int
    for_drawn: bool
    for_drawn_only: bool = False
    needs_place_gradient: bool = False
    second_gradients: bool = False
    trajectories: Trajectories = SampledTrajectories(each_glimpse=False)
    updates: Updates = OneUpdate()

    @abstractmethod
    def forward(self, rollout: Rollout, target_BT: Tensor) -> dict[str, Tensor]:
        """`loss`, to be minimised, and terms to be logged, without gradient; all are scalars."""
