"""The variational bound of hard attention, all trajectories enumerated (eq 43, its right side).

Axes: B images, P trajectories, T time steps.
"""

from typing import final

from torch import Tensor

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.base import Objective
from benchmark.objective.exact import enumerated_terms
from benchmark.objective.loss_mask.base import LossMask, refuse_mistakes
from benchmark.objective.regularizer.base import Regularizer, refuse_regularizer
from benchmark.objective.trajectories.enumerated import EnumeratedTrajectories
from datamodules.ranges import Count


@final
class Bound(Objective):
    """loss = -sum_l p(l) log p(y | l), averaged over images, over all trajectories l (eq 44; Deng et al. 2018: hard
    attention, enumerated): the gradient that REINFORCE estimates, without its variance.

    Arguments, conditions and terms are those of objective=exact.
    """

    samples = 1
    for_drawn = True
    for_drawn_only = True

    def __init__(self, query_size: int, most: Count, loss_mask: LossMask, regularizer: Regularizer):
        super().__init__()
        refuse_mistakes(loss_mask, "bound")
        refuse_regularizer(regularizer, "bound")
        self.trajectories = EnumeratedTrajectories(most, "bound")

    def forward(self, rollout: Rollout, target_BT: Tensor) -> dict[str, Tensor]:
        exact_B, bound_B = enumerated_terms(rollout, target_BT)
        loss = -bound_B.mean()
        return {"loss": loss, "nll": loss.detach(), "marginal": -exact_B.detach().mean()}
