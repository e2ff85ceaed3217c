"""NVIL: REINFORCE with a learned baseline, and a learning signal that is centred and scaled (Mnih and Gregor 2014).

Axes: B images, S trajectories, T time steps, M glimpses before each symbol, Q query.
"""

from typing import final

import torch
from torch import Tensor, nn

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.base import Objective, glimpse_mask, log_likelihood, logged_terms
from benchmark.objective.baseline.base import masked_mean
from benchmark.objective.loss_mask.base import LossMask
from benchmark.objective.regularizer.base import Regularizer
from benchmark.objective.reward.base import Reward, masked_rewards, refuse_rewarded_mistakes, returns_to_go
from datamodules.ranges import Count, NotAll, Width


@final
class NVIL(Objective):
    """loss = -log p(y | sampled glimpses) - sum_glimpses signal * log_prob + (return - C - c)^2 + a regulariser,
    averaged over trajectories and images, where signal = (return - C - c) / max(1, sqrt(v)) (Mnih and Gregor 2014,
    algorithm 1).

    C(query) is a network of one hidden layer, fitted by squared error; c and v are the running mean and variance of
    return - C over training steps, one number for all glimpses. The expected gradient is that of the bound with the
    policy's part divided by max(1, sqrt(v)), for reward=log_likelihood.
    Unlike in the paper: C reads the state before the glimpse, not the image, so that each glimpse has its own; c and v
    are of the steps before this one, as those of this step depend on the samples that they correct; the signal is
    the return from the glimpse on, not that of the whole trajectory.
    hidden: width of C's layer of tanh units. decay: of c and v. The terms are those of objective=reinforce.
    """

    for_drawn = True
    for_drawn_only = True
    mean: Tensor
    variance: Tensor

    def __init__(
        self, query_size: int, samples: Count, reward: Reward, hidden: Width, decay: NotAll, loss_mask: LossMask,
        regularizer: Regularizer,
    ):  # fmt: skip
        super().__init__()
        refuse_rewarded_mistakes(reward, loss_mask)
        self.samples, self.reward, self.decay = samples, reward, decay
        self.loss_mask, self.regularizer, self.trajectories = loss_mask, regularizer, reward.trajectories
        self.value = nn.Sequential(nn.Linear(query_size, hidden), nn.Tanh(), nn.Linear(hidden, 1))
        self.register_buffer("mean", torch.zeros(()))
        self.register_buffer("variance", torch.zeros(()))

    def forward(self, rollout: Rollout, target_BT: Tensor) -> dict[str, Tensor]:
        log_BST = log_likelihood(rollout, target_BT)
        mask_BST = self.loss_mask(rollout, target_BT)
        reward = masked_rewards(self.reward, rollout, log_BST, target_BT, mask_BST)
        return_BSTM = returns_to_go(reward, rollout.log_prob)
        mask_BSTM = glimpse_mask(mask_BST, target_BT, return_BSTM)
        residual_BSTM = return_BSTM - self.value(rollout.query).squeeze(-1)
        centred_BSTM = residual_BSTM - self.mean
        baseline_loss = masked_mean(centred_BSTM.square(), mask_BSTM)
        signal_BSTM = centred_BSTM.detach() / self.variance.sqrt().clamp(min=1)
        policy_BS = (signal_BSTM * rollout.log_prob * mask_BSTM).sum((-2, -1))
        if self.training:
            self._track(residual_BSTM.detach(), mask_BSTM)
        nll, regularizer = -(log_BST * mask_BST).sum(-1).mean(), self.regularizer(rollout, target_BT)
        loss = nll - policy_BS.mean() + baseline_loss + regularizer
        return {"loss": loss, **logged_terms(log_BST, reward, baseline_loss, regularizer)}

    def _track(self, residual_BSTM: Tensor, mask_BSTM: Tensor) -> None:
        """Moves the running mean and variance towards those of a batch."""
        mean = masked_mean(residual_BSTM, mask_BSTM)
        self.mean.lerp_(mean, 1 - self.decay)
        self.variance.lerp_(masked_mean((residual_BSTM - mean).square(), mask_BSTM), 1 - self.decay)
