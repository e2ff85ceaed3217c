"""The straight-through estimator: an item in the forward pass, its relaxed weights in the backward pass.

Axes: R rows, N places, B images, S trajectories, T time steps.
"""

from typing import final

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from benchmark.common.schedule import Schedule, Scheduled
from benchmark.model.attention.distribution import FiniteDistribution
from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.base import Objective, log_likelihood
from benchmark.objective.loss_mask.base import LossMask
from benchmark.objective.regularizer.base import Regularizer
from benchmark.objective.trajectories.relaxed import RelaxedTrajectories, gumbel_softmax
from datamodules.ranges import Count


@final
class StraightThrough(Objective, Scheduled):
    """loss = -log p(y | sampled glimpses), averaged over trajectories and images, plus a regulariser. A glimpse is an
    item, sampled as the largest of softmax((log p + G) / temperature), G ~ Gumbel(0, 1); its gradient is that of these
    weights (Bengio et al. 2013; straight-through Gumbel-softmax of Jang et al. 2017).

    The loss is the bound's. Its gradient is biased, at every temperature, for all weights that the policy depends on,
    and exact for the others. Nothing is softened besides.
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
        self.trajectories = RelaxedTrajectories(self.weights, "straight_through")

    def at(self, progress: float) -> None:
        self.temperature.fill_(self.schedule(progress))

    def weights(self, where: FiniteDistribution) -> Tensor:
        """(R, N) one-hot samples with the gradient of their relaxed weights."""
        soft_RN = gumbel_softmax(where.log_RN, self.temperature)
        hard_RN = one_hot(soft_RN.argmax(-1), soft_RN.shape[-1]).to(soft_RN.dtype)
        return hard_RN + (soft_RN - soft_RN.detach())  # the difference is 0 to the bit

    def forward(self, rollout: Rollout, target_BT: Tensor) -> dict[str, Tensor]:
        log_BST = log_likelihood(rollout, target_BT)
        regularizer = self.regularizer(rollout, target_BT)
        loss = regularizer - (log_BST * self.loss_mask(rollout, target_BT)).sum(-1).mean()
        return {"loss": loss, "nll": -log_BST.detach().sum(-1).mean(), "penalty": regularizer.detach()}
