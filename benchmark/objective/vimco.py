"""VIMCO: the gradient of a bound of several samples, each with a baseline made of the others (Mnih and Rezende 2016).

Axes: B images, S trajectories, T time steps.
"""

from abc import ABC, abstractmethod
from math import log
from typing import final

import torch
from torch import Tensor

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.base import Objective, log_likelihood, trajectory_log_prob
from benchmark.objective.loss_mask.base import LossMask, refuse_mistakes
from benchmark.objective.regularizer.base import Regularizer
from datamodules.ranges import Several


class OthersMean(ABC):
    """What stands for p(y) of a trajectory in the bound without it: a mean over the image's other trajectories."""

    @abstractmethod
    def __call__(self, log_BS: Tensor) -> Tensor:
        """(B, S) log of the mean over the others. log_BS: log p(y) of each trajectory."""


@final
class GeometricMean(OthersMean):
    """The mean of log p(y) over the others: the paper's choice."""

    def __call__(self, log_BS: Tensor) -> Tensor:
        return (log_BS.sum(1, keepdim=True) - log_BS) / (log_BS.shape[1] - 1)


@final
class ArithmeticMean(OthersMean):
    """The log of the mean of p(y) over the others, which the paper also tries."""

    def __call__(self, log_BS: Tensor) -> Tensor:
        itself_SS = torch.eye(log_BS.shape[1], dtype=torch.bool, device=log_BS.device)
        others_BSS = log_BS[:, None].masked_fill(itself_SS, -torch.inf)
        return others_BSS.logsumexp(-1) - log(log_BS.shape[1] - 1)


def multi_sample_bound(log_BS: Tensor) -> Tensor:
    """(B,) log 1/S sum_s p(y | glimpses_s)."""
    return log_BS.logsumexp(1) - log(log_BS.shape[1])


@final
class VIMCO(Objective):
    """loss = -L - sum_s (L - L_without_s) log p(glimpses_s), averaged over images, plus a regulariser, where
    L = log 1/S sum_s p(y | glimpses_s) and L_without_s is L with a mean over the other trajectories in the place of
    p(y | glimpses_s) (Mnih and Rezende 2016).

    L is a lower bound of log p(y), on average the tighter the more samples, and with one sample the bound of REINFORCE.
    The estimator is unbiased for its gradient. In the paper samples come from an inference network that has seen what
    is to be explained; here from the policy, so that p(glimpses) / q(glimpses) is 1. The whole sequence is one
    observation: every glimpse of a trajectory has the same learning signal. The loss mask has to count all time steps.
    others: the mean that stands for a trajectory. The term `bound` is L.
    """

    for_drawn = True
    for_drawn_only = True

    def __init__(
        self, query_size: int, samples: Several, others: OthersMean, loss_mask: LossMask, regularizer: Regularizer
    ):
        super().__init__()
        refuse_mistakes(loss_mask, "vimco")
        self.samples, self.others, self.regularizer = samples, others, regularizer

    def forward(self, rollout: Rollout, target_BT: Tensor) -> dict[str, Tensor]:
        log_BS = log_likelihood(rollout, target_BT).sum(-1)
        bound_B = multi_sample_bound(log_BS)
        signal_BS = bound_B.detach()[:, None] - self._without_each(log_BS.detach())
        policy_B = (signal_BS * trajectory_log_prob(rollout, target_BT)).sum(1)
        regularizer = self.regularizer(rollout, target_BT)
        return {
            "loss": regularizer - (bound_B + policy_B).mean(),
            "nll": -log_BS.detach().mean(),
            "bound": bound_B.detach().mean(),
            "penalty": regularizer.detach(),
        }

    def _without_each(self, log_BS: Tensor) -> Tensor:
        """(B, S) the bound without each of the trajectories."""
        itself_SS = torch.eye(log_BS.shape[1], dtype=torch.bool, device=log_BS.device)
        replaced_BSS = torch.where(itself_SS, self.others(log_BS)[..., None], log_BS[:, None])
        return multi_sample_bound(replaced_BSS.flatten(0, 1)).unflatten(0, log_BS.shape)
