"""A learned Gaussian policy (RAM, DRAM; eq 18)."""

from abc import ABC, abstractmethod
from typing import final

import torch
from torch import Tensor, nn

from benchmark.common.relu_layers import relu_layers
from benchmark.common.schedule import Schedule, Scheduled, refuse_zero
from benchmark.model.attention.distribution import RoundGaussian
from benchmark.model.attention.policy.base import Canvas, Policy, PolicyOutput, Seen, in_the_plane
from datamodules.ranges import Width


class Squash(ABC):
    """Bounds the mean of a location."""

    @abstractmethod
    def __call__(self, mean_R2: Tensor, reach_2: Tensor) -> Tensor:
        """(R, 2) the mean, bounded."""


@final
class Tanh(Squash):
    """By a tanh, to the image, as ports of RAM do."""

    def __call__(self, mean_R2: Tensor, reach_2: Tensor) -> Tensor:
        return mean_R2.tanh() * reach_2


@final
class Unbounded(Squash):
    """No bound: DRAM."""

    def __call__(self, mean_R2: Tensor, reach_2: Tensor) -> Tensor:
        return mean_R2


@final
class LearnedPolicy(Policy, Scheduled):
    """l ~ N(head(h), std^2 I) (eq 18). RAM's hidden state has seen glimpses only, DRAM's also a coarse image at its
    start, through the context network.

    hidden: widths of ReLU layers before the mean (none: RAM; one: DRAM's emission network).
    std: a schedule over training, in units of location. A large one explores, a small one at the end lets the policy be
    precise. The papers hold it fixed.
    """

    drawn = True
    std: Tensor
    reach_2: Tensor

    def __init__(self, canvas: Canvas, query_size: int, hidden: list[Width], squash: Squash, std: Schedule):
        super().__init__()
        refuse_zero("attention.mechanism.policy: std", std)
        layers, width = relu_layers(query_size, hidden)
        self.head = nn.Sequential(*layers, nn.Linear(width, 2))
        self.squash = squash
        self.schedule = std
        self.register_buffer("std", torch.tensor(std(0.0)))
        self.register_buffer("reach_2", torch.tensor(canvas.reach), persistent=False)

    def at(self, progress: float) -> None:
        self.std.fill_(self.schedule(progress))

    def forward(self, query_RQ: Tensor, boxes_BN4: Tensor, step: int, seen: Seen) -> PolicyOutput:
        where = RoundGaussian(self.squash(self.head(query_RQ), self.reach_2), self.std, self.reach_2)
        return in_the_plane(where, query_RQ)
