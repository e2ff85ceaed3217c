"""Maximum likelihood (eq 8).

Axes: B images, S trajectories, T time steps, M glimpses before each symbol, V symbols, Q query.
"""

from typing import final

from torch import Tensor

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.base import Objective, log_likelihood
from benchmark.objective.loss_mask.base import LossMask
from benchmark.objective.regularizer.base import Regularizer
from datamodules.ranges import Count


@final
class Likelihood(Objective):
    """-log p(y), summed over time steps, averaged over images (eq 8), plus a regulariser: exact where no glimpse is
    sampled. The term `nll` is of all time steps, also of those that the loss mask leaves out.
    """

    for_drawn = False

    def __init__(self, query_size: int, samples: Count, loss_mask: LossMask, regularizer: Regularizer):
        super().__init__()
        self.samples, self.loss_mask, self.regularizer = samples, loss_mask, regularizer

    def forward(self, rollout: Rollout, target_BT: Tensor) -> dict[str, Tensor]:
        log_BST = log_likelihood(rollout, target_BT)
        regularizer = self.regularizer(rollout, target_BT)
        loss = regularizer - (log_BST * self.loss_mask(rollout, target_BT)).sum(-1).mean()
        return {"loss": loss, "nll": -log_BST.detach().sum(-1).mean(), "penalty": regularizer.detach()}
