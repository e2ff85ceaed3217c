"""Actor-critic: REINFORCE with advantages that are bootstrapped from a learned state value (Schulman et al. 2016).

Axes: B images, S trajectories, T time steps, M glimpses before each symbol, K = T * M glimpses of a sequence, Q query.
"""

from typing import final

import torch
from torch import Tensor, nn

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.base import Objective, glimpse_mask, log_likelihood, logged_terms
from benchmark.objective.baseline.base import masked_mean
from benchmark.objective.loss_mask.base import LossMask
from benchmark.objective.regularizer.base import Regularizer
from benchmark.objective.reward.base import Reward, glimpse_rewards, masked_rewards, refuse_rewarded_mistakes
from datamodules.ranges import Count, Share


def bootstrapped_advantages(reward_BSTM: Tensor, value_BSTM: Tensor, decay: float) -> Tensor:
    """(B, S, T, M) A_k = sum_j decay^j d_(k+j), where d_k = reward_k + value_(k+1) - value_k, over the glimpses k of a
    sequence; the value after the last one is 0. The generalised advantage estimate without discount.
    """
    reward_BSK, value_BSK = reward_BSTM.flatten(-2), value_BSTM.flatten(-2)
    next_BSK = torch.cat([value_BSK[..., 1:], torch.zeros_like(value_BSK[..., :1])], -1)
    error_BSK = reward_BSK + next_BSK - value_BSK
    place_K = torch.arange(reward_BSK.shape[-1], device=reward_BSK.device)
    after_KK = place_K[:, None] - place_K  # how many glimpses an error comes after the one it is credited to
    weight_KK = (decay ** after_KK.clamp(min=0).to(error_BSK.dtype)) * (after_KK >= 0)
    return (error_BSK @ weight_KK).view_as(reward_BSTM)


@final
class ActorCritic(Objective):
    """loss = -log p(y | sampled glimpses) - sum_glimpses advantage * log_prob + (advantage + V - V')^2 + a regulariser,
    averaged over trajectories and images. The advantage is TD(lambda)'s, the generalised advantage estimate of Schulman
    et al. 2016, without discount: the sum of lambda^j times the temporal-difference error j glimpses later.

    V(query) is a linear function of the state before the glimpse, as in baseline=state; V' is the same with gradient.
    With lambda = 1 the advantage is the return minus V, and the estimator REINFORCE's with that baseline, unbiased for
    the gradient of the bound (reward=log_likelihood). Below 1 it is biased wherever V is not the expected return.
    trace: lambda. The terms are those of objective=reinforce.
    """

    for_drawn = True
    for_drawn_only = True

    def __init__(
        self, query_size: int, samples: Count, reward: Reward, trace: Share, loss_mask: LossMask,
        regularizer: Regularizer,
    ):  # fmt: skip
        super().__init__()
        refuse_rewarded_mistakes(reward, loss_mask)
        self.samples, self.reward, self.trace = samples, reward, trace
        self.loss_mask, self.regularizer, self.trajectories = loss_mask, regularizer, reward.trajectories
        self.value = nn.Linear(query_size, 1)

    def forward(self, rollout: Rollout, target_BT: Tensor) -> dict[str, Tensor]:
        log_BST = log_likelihood(rollout, target_BT)
        mask_BST = self.loss_mask(rollout, target_BT)
        reward = masked_rewards(self.reward, rollout, log_BST, target_BT, mask_BST)
        mask_BSTM = glimpse_mask(mask_BST, target_BT, rollout.log_prob)
        value_BSTM = self.value(rollout.query).squeeze(-1) * mask_BSTM  # nothing is to come after the end
        reward_BSTM = glimpse_rewards(reward, rollout.log_prob)
        advantage_BSTM = bootstrapped_advantages(reward_BSTM, value_BSTM.detach(), self.trace)
        policy_BS = (advantage_BSTM * rollout.log_prob * mask_BSTM).sum((-2, -1))
        error_BSTM = advantage_BSTM + value_BSTM.detach() - value_BSTM
        baseline_loss = masked_mean(error_BSTM.square(), mask_BSTM)
        nll, regularizer = -(log_BST * mask_BST).sum(-1).mean(), self.regularizer(rollout, target_BT)
        loss = nll - policy_BS.mean() + baseline_loss + regularizer
        return {"loss": loss, **logged_terms(log_BST, reward, baseline_loss, regularizer)}
