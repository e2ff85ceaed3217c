"""What objectives have in common whose gradient reaches the policy through relaxed samples of items.

Axes: R rows, N places, B images, S trajectories, T time steps.
"""

from abc import ABC, abstractmethod
from typing import final

import torch
from torch import Tensor

from benchmark.common.schedule import Schedule, Scheduled, refuse_zero
from benchmark.model.attention.distribution import FiniteDistribution
from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.base import Objective, log_likelihood
from benchmark.objective.loss_mask.base import LossMask
from benchmark.objective.regularizer.base import Regularizer
from benchmark.objective.trajectories.relaxed import RelaxedTrajectories
from datamodules.ranges import Count


class RelaxedObjective(Objective, Scheduled, ABC):
    """loss = -log p(y | glimpses of `weights`), averaged over trajectories and images, plus a regulariser. Nothing is
    softened besides.

    choice: its name, for messages. temperature: a schedule over training, of softmax((log p + G) / temperature).
    """

    for_drawn = True
    for_drawn_only = True
    needs_place_gradient = True
    choice: str
    temperature: Tensor

    def __init__(
        self, query_size: int, samples: Count, temperature: Schedule, loss_mask: LossMask, regularizer: Regularizer
    ):
        super().__init__()
        refuse_zero("objective.temperature", temperature)
        self.samples, self.schedule, self.loss_mask, self.regularizer = samples, temperature, loss_mask, regularizer
        self.register_buffer("temperature", torch.tensor(temperature(0.0)))
        self.trajectories = RelaxedTrajectories(self.weights, self.choice)

    @final
    def at(self, progress: float) -> None:
        self.temperature.fill_(self.schedule(progress))

    @abstractmethod
    def weights(self, where: FiniteDistribution) -> Tensor:
        """(R, N) the weights of items that a glimpse is the mean of, with gradient."""

    def forward(self, rollout: Rollout, target_BT: Tensor) -> dict[str, Tensor]:
        log_BST = log_likelihood(rollout, target_BT)
        regularizer = self.regularizer(rollout, target_BT)
        loss = regularizer - (log_BST * self.loss_mask(rollout, target_BT)).sum(-1).mean()
        return {"loss": loss, "nll": -log_BST.detach().sum(-1).mean(), "penalty": regularizer.detach()}
