"""A Gaussian policy that learns how widely to sample."""

import math
from typing import final

import torch
from torch import Tensor, nn

from benchmark.common.errors import ConfigFault
from benchmark.common.relu_layers import relu_layers
from benchmark.model.attention.distribution import DiagonalGaussian
from benchmark.model.attention.policy.base import Canvas, Policy, PolicyOutput, Seen, in_the_plane
from benchmark.model.attention.policy.learned import Squash
from datamodules.ranges import Inner, Positive, Width


@final
class LearnedStdPolicy(Policy):
    """l ~ N(mean(h), diag(std(h))^2) with std(h) = low (high / low)^sigmoid(a(h)): eq 18 whose std is learned as its
    mean is, by the score of the sample (Williams 1992, section 6), for each state h and axis. The papers hold it fixed.

    hidden: widths of ReLU layers that mean and std share. low, high: bounds of the std, in units of location; near zero
    the score would grow without bound. start: sigmoid(a) of every state at first, 0 being low and 1 high.
    Raises ConfigFault unless low < high.
    """

    drawn = True
    reach_2: Tensor

    def __init__(
        self,
        canvas: Canvas,
        query_size: int,
        hidden: list[Width],
        squash: Squash,
        low: Positive,
        high: Positive,
        start: Inner,
    ):
        super().__init__()
        if low >= high:
            raise ConfigFault([f"attention.mechanism.policy: low={low:g} has to be smaller than high={high:g}"])
        layers, width = relu_layers(query_size, hidden)
        self.body = nn.Sequential(*layers)
        self.mean, self.spread = nn.Linear(width, 2), nn.Linear(width, 2)
        nn.init.zeros_(self.spread.weight)
        nn.init.constant_(self.spread.bias, math.log(start / (1 - start)))
        self.squash = squash
        self.low, self.ratio = low, high / low
        self.register_buffer("reach_2", torch.tensor(canvas.reach), persistent=False)

    def forward(self, query_RQ: Tensor, boxes_BN4: Tensor, step: int, seen: Seen) -> PolicyOutput:
        hidden_RH = self.body(query_RQ)
        std_R2 = self.low * self.ratio ** self.spread(hidden_RH).sigmoid()
        where = DiagonalGaussian(self.squash(self.mean(hidden_RH), self.reach_2), std_R2, self.reach_2)
        return in_the_plane(where, query_RQ)
