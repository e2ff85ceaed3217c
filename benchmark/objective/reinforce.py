"""REINFORCE: the gradient of the variational bound when glimpses are sampled (eqs 43-50).

Axes: B images, S trajectories, T time steps, M glimpses before each symbol, V symbols, Q query.
"""

from collections.abc import Callable
from typing import final

from torch import Tensor

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.base import Objective, glimpse_mask, log_likelihood, logged_terms
from benchmark.objective.baseline.base import Baseline, checked
from benchmark.objective.loss_mask.base import LossMask
from benchmark.objective.regularizer.base import Regularizer
from benchmark.objective.reward.base import Reward, masked_rewards, refuse_rewarded_mistakes, returns_to_go
from datamodules.ranges import Count, NonNegative


@final
class Reinforce(Objective):
    """loss = -log p(y | sampled glimpses) - weight * sum_glimpses advantage * log_prob + the baseline's loss + a
    regulariser, averaged over trajectories and images (eqs 44-50, misprints corrected).

    The advantage is the return, the sum of rewards from the glimpse's time step on, minus the baseline. A glimpse that
    was not sampled has log_prob zero, so for soft attention the loss is the likelihood's.
    weight: lambda of eq 49; other than 1 the gradient is no longer that of the bound. loss_mask: of the time steps, in
    likelihood, reward and policy gradient; the term `nll` is of all. Raises ConfigFault where a reward and a loss mask
    would favour mistakes.
    """

    for_drawn = True

    def __init__(
        self, query_size: int, samples: Count, reward: Reward, baseline: Callable[..., Baseline], weight: NonNegative,
        loss_mask: LossMask, regularizer: Regularizer,
    ):  # fmt: skip
        super().__init__()
        refuse_rewarded_mistakes(reward, loss_mask)
        self.samples, self.reward, self.weight = samples, reward, weight
        self.loss_mask, self.regularizer = loss_mask, regularizer
        self.baseline = baseline(query_size=query_size)
        self.trajectories = reward.trajectories

    def forward(self, rollout: Rollout, target_BT: Tensor) -> dict[str, Tensor]:
        log_BST = log_likelihood(rollout, target_BT)
        mask_BST = self.loss_mask(rollout, target_BT)
        reward = masked_rewards(self.reward, rollout, log_BST, target_BT, mask_BST)
        return_BSTM = returns_to_go(reward, rollout.log_prob)
        mask_BSTM = glimpse_mask(mask_BST, target_BT, return_BSTM)
        baseline_BSTM, baseline_loss = checked(self.baseline, rollout, return_BSTM, mask_BSTM)
        advantage_BSTM = return_BSTM - baseline_BSTM
        policy_BS = (advantage_BSTM * rollout.log_prob * mask_BSTM).sum((-2, -1))
        nll, regularizer = -(log_BST * mask_BST).sum(-1).mean(), self.regularizer(rollout, target_BT)
        loss = nll - self.weight * policy_BS.mean() + baseline_loss + regularizer
        return {"loss": loss, **logged_terms(log_BST, reward, baseline_loss, regularizer)}
