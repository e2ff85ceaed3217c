"""Where the next glimpse goes: the interface of policies."""

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from torch import Tensor, nn

from benchmark.model.attention.distribution import GlimpseDistribution


class Canvas(NamedTuple):
    """side (H, W) in pixels and unit, the pixels per unit of location."""

    side: tuple[int, int]
    unit: float

    @property
    def reach(self) -> tuple[float, float]:
        """Half the extent (x, y) in units of location."""
        return self.side[1] / 2 / self.unit, self.side[0] / 2 / self.unit


class Policy(nn.Module, ABC):
    """A distribution over the next location. drawn: whether it learns from its draws. reads_annotations: whether it
    looks at the true boxes.
    """

    drawn: bool
    reads_annotations: bool = False

    @abstractmethod
    def forward(self, query_RQ: Tensor, boxes_BN4: Tensor, step: int) -> GlimpseDistribution:
        """Of the glimpse number `step`."""


class ControlPolicy(Policy, ABC):
    """A policy without parameters: its places are not drawn in the sense of learning, and have log-probability 0."""

    drawn = False
    reach_2: Tensor

    def __init__(self, canvas: Canvas, query_size: int):
        super().__init__()
        self.canvas = canvas
        self.register_buffer("reach_2", torch.tensor(canvas.reach), persistent=False)

    def anywhere(self, rows: int) -> Tensor:
        """(rows, 2) uniform over the image."""
        return (2 * torch.rand(rows, 2, device=self.reach_2.device) - 1) * self.reach_2
