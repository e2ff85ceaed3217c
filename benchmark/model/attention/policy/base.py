"""The interface of policies: distributions over the location of the next glimpse."""

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from torch import Tensor, nn

from benchmark.model.attention.distribution import GlimpseDistribution


class Canvas(NamedTuple):
    """The image's extent. side: (H, W) in pixels. unit: pixels per unit of location."""

    side: tuple[int, int]
    unit: float

    @property
    def reach(self) -> tuple[float, float]:
        """Half the extent, (x, y), in units of location."""
        return self.side[1] / 2 / self.unit, self.side[0] / 2 / self.unit


class Policy(nn.Module, ABC):
    """A policy over locations (x, y), in units of location from the image's centre.

    drawn: whether its samples are trained, by the policy gradient. reads_annotations: whether it reads the true boxes.
    """

    drawn: bool
    reads_annotations: bool = False

    @abstractmethod
    def forward(self, query_RQ: Tensor, boxes_BN4: Tensor, step: int) -> GlimpseDistribution:
        """Over the (R, 2) locations of glimpse number `step`. query_RQ: of the decoder."""


class ControlPolicy(Policy, ABC):
    """A policy without parameters. Its locations have log-probability zero, so that no policy gradient arises."""

    drawn = False
    reach_2: Tensor

    def __init__(self, canvas: Canvas, query_size: int):
        super().__init__()
        self.canvas = canvas
        self.register_buffer("reach_2", torch.tensor(canvas.reach), persistent=False)

    def uniform_location(self, rows: int) -> Tensor:
        """(rows, 2) locations sampled uniformly over the image."""
        return (2 * torch.rand(rows, 2, device=self.reach_2.device) - 1) * self.reach_2
