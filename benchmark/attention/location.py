"""Location-wise hard attention (eqs 18-24): RAM, DRAM, and the controls that only differ in their policy.

Axes: B images, R = B * S rows, D code.
"""

from collections.abc import Callable
from typing import NamedTuple, final

import torch
from torch import Tensor, nn

from benchmark.attention.base import Attention, Glimpse
from benchmark.attention.distribution import Draw
from benchmark.attention.policy import Canvas, Policy
from benchmark.attention.whatwhere import WhatWhere
from benchmark.attention.window import Retina, square_map
from benchmark.encoder import Encoder
from datamodules.contract import TaskSpec


class Seen(NamedTuple):
    """The image at every scale (B, C, P), and its boxes (B, N, 4), which the oracle alone reads."""

    levels: Tensor
    boxes: Tensor


@final
class LocationAttention(Attention):
    """A policy places a retina; a glimpse network reads it; the place joins what was read.

    `where` of a glimpse is the pixel (x, y) read, clipped into the image; the score is that of the location as drawn.
    """

    half_2: Tensor
    far_2: Tensor

    def __init__(
        self,
        spec: TaskSpec,
        query_size: int,
        encoder: Callable[[tuple[int, int, int]], Encoder],
        policy: Callable[..., Policy],
        whatwhere: Callable[..., WhatWhere],
        size: int,
        scales: int,
        unit: float,
    ):
        super().__init__()
        channels, *side = spec.image_shape
        canvas = Canvas((side[0], side[1]), unit)
        self.retina = Retina(canvas.side, spec.background, size, scales)
        self.network = encoder((channels * scales, size, size))
        self.whatwhere = whatwhere(what_size=self.network.shape[0], where_size=2)
        self.code_size = self.whatwhere.size
        self.policy = policy(canvas=canvas, query_size=query_size)
        self.drawn = self.policy.drawn
        self.unit, self.width = unit, size * 2 ** (scales - 1)
        self.register_buffer("half_2", torch.tensor([side[1] / 2, side[0] / 2]), persistent=False)
        self.register_buffer("far_2", 2 * self.half_2, persistent=False)

    def encode(self, image_BCHW: Tensor, boxes_BN4: Tensor) -> Seen:
        return Seen(self.retina.levels(image_BCHW), boxes_BN4)

    def forward(self, features: Seen, query_RS: Tensor, step: int, draw: Draw) -> Glimpse:
        where = self.policy(query_RS, features.boxes, step)
        location_R2 = draw(where)
        centre_R2 = (self.half_2 + self.unit * location_R2).clamp(min=0).minimum(self.far_2)
        what_RD = self.network(self.retina(features.levels, centre_R2)).flatten(1)
        code_RD = self.whatwhere(what_RD, centre_R2 / self.half_2 - 1)
        return Glimpse(code_RD, centre_R2, where.log_prob(location_R2))

    def attention_map(self, where: Tensor, side: tuple[int, int]) -> Tensor:
        widths = [self.width / 2**s for s in range(self.retina.scales)]
        return torch.stack([square_map(where, width, side) for width in widths]).mean(0)

    def fixation(self, where: Tensor) -> Tensor:
        return where

    def policy_parameters(self) -> list[nn.Parameter]:
        return list(self.policy.parameters())
