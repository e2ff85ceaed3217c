"""Gumbel-softmax: samples relaxed to weights, through which the likelihood trains the policy (Jang et al. 2017).

Axes: R rows, N places, B images, S trajectories, T time steps.
"""

from typing import final

import torch
from torch import Tensor

from benchmark.common.schedule import Schedule, Scheduled
from benchmark.model.attention.distribution import FiniteDistribution
from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.base import Objective, log_likelihood
from benchmark.objective.loss_mask.base import LossMask
from benchmark.objective.regularizer.base import Regularizer
from benchmark.objective.trajectories.relaxed import RelaxedTrajectories, gumbel_softmax
from datamodules.ranges import Count


@final
class GumbelSoftmax(Objective, Scheduled):
    """loss = -log p(y | relaxed glimpses), averaged over trajectories and images, plus a regulariser. A relaxed glimpse
    is the mean of the items with weights softmax((log p + G) / temperature), G ~ Gumbel(0, 1) (Jang et al. 2017, eq 2;
    Maddison et al. 2017).

    Its gradient is unbiased for the relaxed model, and biased for the one that samples items: the less, and the more
    variable, the lower the temperature. The place of the largest weight is a sample of the policy, and evaluation takes
    items as for any hard attention. Nothing is softened besides.
    temperature: a schedule over training.
    """

    for_drawn = True
    for_drawn_only = True
    needs_place_gradient = True
    temperature: Tensor

    def __init__(
        self, query_size: int, samples: Count, temperature: Schedule, loss_mask: LossMask, regularizer: Regularizer
    ):
        super().__init__()
        self.samples, self.schedule, self.loss_mask, self.regularizer = samples, temperature, loss_mask, regularizer
        self.register_buffer("temperature", torch.tensor(temperature(0.0)))
        self.trajectories = RelaxedTrajectories(self.weights, "gumbel")

    def at(self, progress: float) -> None:
        self.temperature.fill_(self.schedule(progress))

    def weights(self, where: FiniteDistribution) -> Tensor:
        """(R, N) relaxed samples."""
        return gumbel_softmax(where.log_RN, self.temperature)

    def forward(self, rollout: Rollout, target_BT: Tensor) -> dict[str, Tensor]:
        log_BST = log_likelihood(rollout, target_BT)
        regularizer = self.regularizer(rollout, target_BT)
        loss = regularizer - (log_BST * self.loss_mask(rollout, target_BT)).sum(-1).mean()
        return {"loss": loss, "nll": -log_BST.detach().sum(-1).mean(), "penalty": regularizer.detach()}
