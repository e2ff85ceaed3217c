"""The pathwise gradient through smooth windows, alone and as a control variate of REINFORCE (Kingma and Welling 2014).

Axes: B images, S trajectories, T time steps, M glimpses before each symbol, Q query.
"""

from collections.abc import Callable
from typing import final

from torch import Tensor

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.base import Objective, log_likelihood, logged_terms, within_sequence
from benchmark.objective.baseline.base import Baseline, checked
from benchmark.objective.loss_mask.base import LossMask, refuse_mistakes
from benchmark.objective.regularizer.base import Regularizer
from benchmark.objective.reward.base import returns_to_go
from benchmark.objective.trajectories.reparameterised import ReparameterisedTrajectories
from datamodules.ranges import Count, Share


@final
class Pathwise(Objective):
    """loss = -log p(y | l) - (1 - a) * sum_k advantage_k * log_prob_k + the baseline's loss + a regulariser, averaged
    over trajectories and images, with locations l_k = mean_k + std * noise whose gradient by the mean counts a times
    (Kingma and Welling 2014; Rezende et al. 2014). The advantage is the likelihood from the glimpse's time step on,
    minus the baseline.

    Both gradients by a mean are unbiased for the bound's, the pathwise one and REINFORCE's, so every a is; between 0
    and 1 their difference is a control variate. a = 1 is the pathwise gradient alone, a = 0 is REINFORCE. What a
    location does to later ones reaches its pathwise gradient through the decoder: with decoder.detach=true, which cuts
    this path, it is biased where there are several glimpses.

    For Gaussian policies whose windows are smooth (`SmoothLocationAttention`); others are refused. The loss mask has to
    count all time steps. coefficient: a.
    """

    for_drawn = True
    for_drawn_only = True
    needs_place_gradient = True

    def __init__(
        self, query_size: int, samples: Count, coefficient: Share, baseline: Callable[..., Baseline],
        loss_mask: LossMask, regularizer: Regularizer,
    ):  # fmt: skip
        super().__init__()
        refuse_mistakes(loss_mask, "pathwise")
        self.samples, self.coefficient, self.regularizer = samples, coefficient, regularizer
        self.baseline = baseline(query_size=query_size)
        self.trajectories = ReparameterisedTrajectories(coefficient, "pathwise")

    def forward(self, rollout: Rollout, target_BT: Tensor) -> dict[str, Tensor]:
        log_BST = log_likelihood(rollout, target_BT)
        return_BSTM = returns_to_go(log_BST.detach(), rollout.log_prob)
        mask_BSTM = within_sequence(target_BT, return_BSTM)
        baseline_BSTM, baseline_loss = checked(self.baseline, rollout, return_BSTM, mask_BSTM)
        policy_BS = ((return_BSTM - baseline_BSTM) * rollout.log_prob * mask_BSTM).sum((-2, -1))
        nll, regularizer = -log_BST.sum(-1).mean(), self.regularizer(rollout, target_BT)
        loss = nll - (1 - self.coefficient) * policy_BS.mean() + baseline_loss + regularizer
        return {"loss": loss, **logged_terms(log_BST, log_BST.detach(), baseline_loss, regularizer)}
