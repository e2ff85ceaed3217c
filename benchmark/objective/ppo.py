"""Proximal policy optimisation: several updates on the same trajectories, clipped (Schulman et al. 2017).

Axes: B images, S trajectories, T time steps, M glimpses before each symbol, Q query.
"""

from functools import partial
from typing import NamedTuple, final

from torch import Tensor, nn

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.actor_critic import bootstrapped_advantages
from benchmark.objective.base import Objective, glimpse_mask, log_likelihood, logged_terms
from benchmark.objective.baseline.base import masked_mean
from benchmark.objective.loss_mask.base import LossMask
from benchmark.objective.regularizer.base import Regularizer
from benchmark.objective.reward.base import Reward, glimpse_rewards, masked_rewards, refuse_rewarded_mistakes
from benchmark.objective.trajectories.repeated import RepeatedTrajectories
from benchmark.objective.updates import SeveralUpdates
from datamodules.ranges import Count, NotAll, Share


class Sampled(NamedTuple):
    """What is known of trajectories once they are sampled, without gradient: their rewards, as `Reward` gives them, and
    of each glimpse the log-probability, the advantage, what the value has to say, and whether it counts.
    """

    reward: Tensor
    log_prob_BSTM: Tensor
    advantage_BSTM: Tensor
    target_BSTM: Tensor
    mask_BSTM: Tensor


@final
class PPO(Objective):
    """loss = -log p(y | sampled glimpses) - sum_glimpses min(r A, clip(r, 1 - e, 1 + e) A) + (A + V - V')^2 + a
    regulariser, averaged over trajectories and images, where r is the probability of a glimpse now over that when it
    was sampled (Schulman et al. 2017, eq 7, and V's loss, eq 9 without its coefficients).

    Each batch has `updates` optimiser steps, on the same trajectories. A, V, the rewards and the glimpses that a loss
    mask leaves are those of the first; so is the distribution of the trajectories that the likelihood's part trains the
    decoder on. At the first update r is 1 and the gradient that of objective=actor_critic with the same trace. No
    glimpse is softened. Unlike in the paper, advantages are not normalised, and every update sees the whole batch.
    trace: lambda of the advantages. clip: e. The terms are those of objective=reinforce, means over the updates.
    """

    for_drawn = True
    for_drawn_only = True
    updates: SeveralUpdates

    def __init__(
        self, query_size: int, samples: Count, reward: Reward, trace: Share, updates: Count, clip: NotAll,
        loss_mask: LossMask, regularizer: Regularizer,
    ):  # fmt: skip
        super().__init__()
        refuse_rewarded_mistakes(reward, loss_mask)
        self.samples, self.reward, self.trace, self.clip = samples, reward, trace, clip
        self.loss_mask, self.regularizer = loss_mask, regularizer
        self.updates = SeveralUpdates(updates)
        self.trajectories = RepeatedTrajectories(reward.trajectories.each_glimpse, self.updates)
        self.value = nn.Linear(query_size, 1)

    def forward(self, rollout: Rollout, target_BT: Tensor) -> dict[str, Tensor]:
        log_BST = log_likelihood(rollout, target_BT)
        mask_BST = self.loss_mask(rollout, target_BT)
        expected_BSTM = self.value(rollout.query).squeeze(-1)
        find = partial(self._sampled, rollout, log_BST, target_BT, mask_BST, expected_BSTM.detach())
        known = self.updates.first("sampled", find)
        value_BSTM = expected_BSTM * known.mask_BSTM  # nothing is to come after the end
        ratio_BSTM = (rollout.log_prob - known.log_prob_BSTM).exp()
        clipped_BSTM = ratio_BSTM.clamp(1 - self.clip, 1 + self.clip)
        gain_BSTM = (ratio_BSTM * known.advantage_BSTM).minimum(clipped_BSTM * known.advantage_BSTM)
        baseline_loss = masked_mean((known.target_BSTM - value_BSTM).square(), known.mask_BSTM)
        nll, regularizer = -(log_BST * mask_BST).sum(-1).mean(), self.regularizer(rollout, target_BT)
        loss = nll - (gain_BSTM * known.mask_BSTM).sum((-2, -1)).mean() + baseline_loss + regularizer
        return {"loss": loss, **logged_terms(log_BST, known.reward, baseline_loss, regularizer)}

    def _sampled(
        self, rollout: Rollout, log_BST: Tensor, target_BT: Tensor, mask_BST: Tensor, expected_BSTM: Tensor
    ) -> Sampled:
        mask_BSTM = glimpse_mask(mask_BST, target_BT, rollout.log_prob)
        value_BSTM = expected_BSTM * mask_BSTM
        reward = masked_rewards(self.reward, rollout, log_BST, target_BT, mask_BST)
        advantage_BSTM = bootstrapped_advantages(glimpse_rewards(reward, rollout.log_prob), value_BSTM, self.trace)
        return Sampled(reward, rollout.log_prob.detach(), advantage_BSTM, advantage_BSTM + value_BSTM, mask_BSTM)
