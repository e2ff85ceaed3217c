"""Variational attention: glimpses sampled from an inference network that has seen the label (Deng et al. 2018).

Axes: B images, S trajectories, T time steps, M glimpses before each symbol, K glimpses of a sequence, Q query.
"""

from collections.abc import Callable
from typing import final

from torch import Tensor

from benchmark.model.attention.alignment.base import Alignment
from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.base import Objective, log_likelihood, refuse_without_items, within_sequence
from benchmark.objective.baseline.base import Baseline, checked
from benchmark.objective.inference_network import InferenceNetwork
from benchmark.objective.loss_mask.base import LossMask, refuse_mistakes
from benchmark.objective.regularizer.base import Regularizer
from benchmark.objective.reward.base import returns_to_go
from benchmark.objective.trajectories.inferred import InferredTrajectories
from datamodules.ranges import Count, Width


def divergence_to_come(divergence_BSTM: Tensor) -> Tensor:
    """(B, S, T, M) the sum over all later glimpses: what a glimpse has a part in. Its own does not depend on it."""
    divergence_BSK = divergence_BSTM.flatten(-2)
    to_go_BSK = divergence_BSK.flip(-1).cumsum(-1).flip(-1)
    return (to_go_BSK - divergence_BSK).view_as(divergence_BSTM)


@final
class Variational(Objective):
    """loss = -log p(y | l) + sum_k KL_k - sum_k advantage_k * log q(l_k) + the baseline's loss + a regulariser,
    averaged over trajectories and images, with l_k sampled from q(l_k given y, l_<k), an inference network, and KL_k =
    KL(q(l_k given y, l_<k) || p(l_k given l_<k)), p being the policy (Deng et al. 2018, section 3).

    The advantage is the likelihood from the glimpse's time step on, minus the divergences of later glimpses, minus the
    baseline. The estimator is unbiased for the gradient of the evidence lower bound E_q[log p(y | l)] - E_q[sum KL_k],
    which is log p(y) where q is the posterior, and the bound of REINFORCE where q is p. The policy has no score: the
    divergence trains it towards q. Evaluation samples or takes the mode of the policy, which has not seen the label.

    For glimpses at finitely many places whose features the mechanism gives (`Attention.item_size`); others are refused.
    The paper's baseline is the likelihood of soft attention; here `baseline` is, and others of the group are, free of
    another pass. The loss mask has to count all time steps. glimpses: before each symbol. Terms: `nll`, of q's samples;
    `divergence`, sum KL_k; their sum is minus the evidence lower bound.
    """

    for_drawn = True
    for_drawn_only = True

    def __init__(
        self, query_size: int, item_size: int, symbols: int, samples: Count, glimpses: Count,
        alignment: Callable[..., Alignment], label_size: Width, baseline: Callable[..., Baseline], loss_mask: LossMask,
        regularizer: Regularizer,
    ):  # fmt: skip
        super().__init__()
        refuse_mistakes(loss_mask, "variational")
        refuse_without_items(item_size, "variational", "its inference network scores them")
        self.samples, self.regularizer = samples, regularizer
        self.baseline = baseline(query_size=query_size)
        self.inference = InferenceNetwork(item_size, query_size, symbols, alignment, label_size)
        self.trajectories = InferredTrajectories(self.inference, glimpses, "variational")

    def forward(self, rollout: Rollout, target_BT: Tensor) -> dict[str, Tensor]:
        log_BST = log_likelihood(rollout, target_BT)
        log_q_BSTM, divergence_BSTM = rollout.notes.unbind(-1)
        mask_BSTM = within_sequence(target_BT, log_q_BSTM)
        divergence_BSTM = divergence_BSTM * mask_BSTM
        return_BSTM = returns_to_go(log_BST.detach(), log_q_BSTM) - divergence_to_come(divergence_BSTM.detach())
        baseline_BSTM, baseline_loss = checked(self.baseline, rollout, return_BSTM, mask_BSTM)
        policy_BS = ((return_BSTM - baseline_BSTM) * log_q_BSTM * mask_BSTM).sum((-2, -1))
        nll, divergence = -log_BST.sum(-1).mean(), divergence_BSTM.sum((-2, -1)).mean()
        regularizer = self.regularizer(rollout, target_BT)
        return {
            "loss": nll + divergence - policy_BS.mean() + baseline_loss + regularizer,
            "nll": nll.detach(),
            "divergence": divergence.detach(),
            "baseline": baseline_loss.detach(),
            "penalty": regularizer.detach(),
        }
