"""Location-wise soft attention (eqs 25-33): a recurrent spatial transformer whose crop feeds the core that places the
next.

Axes: B images, R = B * S rows, P parameters of a warp, D code.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NamedTuple, final

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from benchmark.attention.base import Attention, Glimpse
from benchmark.attention.distribution import Certain, Draw
from benchmark.attention.whatwhere import WhatWhere
from benchmark.attention.window import Sampler
from benchmark.encoder import Encoder
from datamodules.contract import TaskSpec


class Family(ABC):
    """A family of warps. identity: the parameters of the warp that zooms to `zoom` of the image around its centre."""

    def __init__(self, zoom: float):
        self.zoom = zoom

    @property
    @abstractmethod
    def identity(self) -> list[float]:
        """The parameters a fresh network gives: zero weights, this bias, as the STN paper starts its localisers."""

    @abstractmethod
    def warp(self, theta_RP: Tensor) -> Tensor:
        """(R, 2, 3) the affine matrix."""

    @abstractmethod
    def moved(self, theta_RP: Tensor, to_R2: Tensor) -> Tensor:
        """(R, P) the same warp with another centre."""


@final
class Affine(Family):
    """All six parameters (eqs 29-30)."""

    @property
    def identity(self) -> list[float]:
        return [self.zoom, 0.0, 0.0, 0.0, self.zoom, 0.0]

    def warp(self, theta_RP: Tensor) -> Tensor:
        return theta_RP.unflatten(-1, (2, 3))

    def moved(self, theta_RP: Tensor, to_R2: Tensor) -> Tensor:
        shape_R22 = theta_RP.unflatten(-1, (2, 3))[..., :2]
        return torch.cat([shape_R22, to_R2[..., None]], -1).flatten(1)


@final
class Zoom(Family):
    """Scale and translation (s, x, y): the attention-only form of the STN paper."""

    @property
    def identity(self) -> list[float]:
        return [self.zoom, 0.0, 0.0]

    def warp(self, theta_RP: Tensor) -> Tensor:
        scale_R1, to_R2 = theta_RP[:, :1], theta_RP[:, 1:]
        eye_R22 = scale_R1[..., None] * torch.eye(2, device=theta_RP.device, dtype=theta_RP.dtype)
        return torch.cat([eye_R22, to_R2[..., None]], -1)

    def moved(self, theta_RP: Tensor, to_R2: Tensor) -> Tensor:
        return torch.cat([theta_RP[:, :1], to_R2], -1)


class Mapped(NamedTuple):
    """image (B, C, H, W) as the sampler reads it, and plan (B, K): what the localiser took from it."""

    image: Tensor
    plan: Tensor


@final
class WarpAttention(Attention):
    """A localisation network reads the image and the state and gives a warp; the crop is read bilinearly, so the
    likelihood's gradient reaches the warp (eqs 34-42, by autograd; the double sum of eq 34 is a slip of the
    survey's).

    Closed loop: unlike RNN-SPN, whose recurrence sees the same features at every step, the crop feeds the core, as in
    EDRAM. The localiser sees the image reduced to `overview` pixels a side, so that its cost does not grow with the
    image. `where` of a glimpse is the matrix (R, 2, 3).
    """

    drawn = False

    def __init__(
        self,
        spec: TaskSpec,
        query_size: int,
        encoder: Callable[[tuple[int, int, int]], Encoder],
        localiser: Callable[[tuple[int, int, int]], Encoder],
        hidden: int,
        family: Family,
        whatwhere: Callable[..., WhatWhere],
        overview: int,
        size: int,
        oversample: int,
    ):
        super().__init__()
        channels, *side = spec.image_shape
        self.side, self.overview = side, overview
        self.localiser = localiser((channels, overview, overview))
        planes, rows, columns = self.localiser.shape
        self.family = family
        self.hidden = nn.Linear(planes * rows * columns + query_size, hidden)
        self.theta = nn.Linear(hidden, len(family.identity))
        nn.init.zeros_(self.theta.weight)
        with torch.no_grad():
            self.theta.bias.copy_(torch.tensor(family.identity))
        self.sampler = Sampler(spec.background, size, oversample)
        self.network = encoder((channels, size, size))
        self.whatwhere = whatwhere(what_size=self.network.shape[0], where_size=len(family.identity))
        self.code_size = self.whatwhere.size

    def encode(self, image_BCHW: Tensor, boxes_BN4: Tensor) -> Mapped:
        return Mapped(self.sampler.raised(image_BCHW), self.localiser(adaptive_avg_pool2d(image_BCHW, self.overview)).flatten(1))

    def forward(self, features: Mapped, query_RS: Tensor, step: int, draw: Draw) -> Glimpse:
        plan_RK = features.plan.repeat_interleave(len(query_RS) // len(features.plan), 0)
        theta_RP = self.theta(self.hidden(torch.cat([plan_RK, query_RS], -1)).relu())
        where = Certain(theta_RP, lambda: self.family.moved(theta_RP, 2 * torch.rand_like(theta_RP[:, :2]) - 1))
        theta_RP = draw(where)
        warp_R23 = self.family.warp(theta_RP)
        what_RD = self.network(self.sampler(features.image, warp_R23)).flatten(1)
        return Glimpse(self.whatwhere(what_RD, theta_RP), warp_R23, where.log_prob(theta_RP))

    def attention_map(self, where: Tensor, side: tuple[int, int]) -> Tensor:
        y_H = torch.linspace(-1, 1, side[0], device=where.device)
        x_W = torch.linspace(-1, 1, side[1], device=where.device)
        place_HW2 = torch.stack(torch.meshgrid(x_W, y_H, indexing="xy"), -1)
        # A pixel was seen where the inverse warp puts it inside the unit square of the crop.
        offset_RHW2 = place_HW2 - where[:, None, None, :, 2]
        inside_RHW2 = (offset_RHW2 @ torch.linalg.pinv(where[:, None, :, :2]).transpose(-1, -2)).abs() <= 1
        return inside_RHW2.all(-1).to(where.dtype)

    def fixation(self, where: Tensor) -> Tensor:
        side_2 = where.new_tensor([self.side[1], self.side[0]])
        return (where[..., 2] + 1) / 2 * (side_2 - 1) + 0.5

    def policy_parameters(self) -> list[nn.Parameter]:
        return []
