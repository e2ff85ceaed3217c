"""The exact log-likelihood of hard attention, all trajectories enumerated (eq 43, its left side).

Axes: B images, P trajectories, T time steps.
"""

from typing import final

from torch import Tensor

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.base import Objective, log_likelihood
from benchmark.objective.loss_mask.base import LossMask, refuse_mistakes
from benchmark.objective.regularizer.base import Regularizer, refuse_regularizer
from benchmark.objective.trajectories.enumerated import EnumeratedTrajectories
from datamodules.ranges import Count


def enumerated_terms(rollout: Rollout, target_BT: Tensor) -> tuple[Tensor, Tensor]:
    """(B,) log p(y) = log sum_l p(l) p(y | l), and (B,) its bound sum_l p(l) log p(y | l), over the trajectories l of
    a rollout that has all of them.
    """
    log_BP = log_likelihood(rollout, target_BT).sum(-1)
    log_place_BP = rollout.log_prob.sum((-2, -1))  # those after the end too: their probabilities add up to 1
    return (log_place_BP + log_BP).logsumexp(1), (log_place_BP.exp() * log_BP).sum(1)


@final
class Exact(Objective):
    """loss = -log p(y), averaged over images, with p(y) = sum_l p(l) p(y | l) over all trajectories l (the exact
    marginal of Deng et al. 2018). What other objectives bound, estimate or relax. For glimpses at finitely many places,
    and few of them.

    Nothing is softened, and there is no regulariser, which would be a mean over samples. The loss mask has to count
    all time steps. most: trajectories of an image at most. Terms: `marginal`, -log p(y); `nll`, its bound
    -sum_l p(l) log p(y | l), which is what `nll` estimates in the objectives that sample.
    """

    samples = 1
    for_drawn = True
    for_drawn_only = True

    def __init__(self, query_size: int, most: Count, loss_mask: LossMask, regularizer: Regularizer):
        super().__init__()
        refuse_mistakes(loss_mask, "exact")
        refuse_regularizer(regularizer, "exact")
        self.trajectories = EnumeratedTrajectories(most, "exact")

    def forward(self, rollout: Rollout, target_BT: Tensor) -> dict[str, Tensor]:
        exact_B, bound_B = enumerated_terms(rollout, target_BT)
        loss = -exact_B.mean()
        return {"loss": loss, "nll": -bound_B.detach().mean(), "marginal": loss.detach()}
