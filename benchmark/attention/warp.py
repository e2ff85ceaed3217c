"""Location-wise soft attention (eqs 25-33): a recurrent spatial transformer whose crop feeds the core that places the
next.

Axes: B images, R = B * S rows, P parameters of a warp, D code.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NamedTuple, final

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d

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
    def centre(self, theta_RP: Tensor) -> Tensor:
        """(R, 2) where the warp's centre lies."""

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

    def centre(self, theta_RP: Tensor) -> Tensor:
        return theta_RP[:, 2::3]

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

    def centre(self, theta_RP: Tensor) -> Tensor:
        return theta_RP[:, 1:]

    def moved(self, theta_RP: Tensor, to_R2: Tensor) -> Tensor:
        return torch.cat([theta_RP[:, :1], to_R2], -1)


class Mapped(NamedTuple):
    """The image at every scale, as the sampler reads it, and plan (B, H): what the localiser makes of it."""

    levels: list[Tensor]
    plan: Tensor


def coarser(warp_R23: Tensor, side: tuple[int, int], step: int) -> Tensor:
    """The warp that is `step` times as wide around the same place, for the image averaged over step x step pixels.

    A reduced image's corner pixels have their centres further in, so its [-1, 1] is not the image's.
    """
    reduced = [max(length // step - 1, 1) * step for length in (side[1], side[0])]
    scale_2 = warp_R23.new_tensor([(side[1] - 1) / reduced[0], (side[0] - 1) / reduced[1]])
    shift_2 = warp_R23.new_tensor([(side[1] - step) / reduced[0] - 1, (side[0] - step) / reduced[1] - 1])
    wide_R22 = step * warp_R23[..., :2] * scale_2[:, None]
    to_R21 = (warp_R23[..., 2] * scale_2 + shift_2)[..., None]
    return torch.cat([wide_R22, to_R21], -1)


@final
class WarpAttention(Attention):
    """A localisation network reads the image and the state and gives a warp; the crop is read bilinearly, so the
    likelihood's gradient reaches the warp (eqs 34-42, by autograd; the double sum of eq 34 is a slip of the
    survey's).

    The centre is kept inside the image (tanh): outside there is nothing whose gradient would call it back.
    Closed loop: unlike RNN-SPN, whose recurrence sees the same features at every step, the crop feeds the core, as in
    EDRAM. The localiser sees the image reduced to `overview` pixels a side, so that its cost does not grow with the
    image. `where` of a glimpse is the matrix (R, 2, 3).

    starts, spread: the first `starts` glimpses of a fresh network look at as many places, evenly on a ring of this
    radius (1 is the image's edge), as the STN paper starts its parallel transformers. From one place they stay alike.
    scales: crops around one place, each twice as wide as the one before and read from an image reduced as much, like a
    retina's. A bilinear reading only feels what it touches; the wide crops feel things before the fine one reads them.
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
        starts: int,
        spread: float,
        whatwhere: Callable[..., WhatWhere],
        overview: int,
        size: int,
        scales: int,
        oversample: int,
    ):
        super().__init__()
        channels, *side = spec.image_shape
        self.side, self.overview = (side[0], side[1]), (min(side[0], overview), min(side[1], overview))
        self.steps = [2**s for s in range(scales)]
        self.localiser = localiser((channels, *self.overview))
        planes, rows, columns = self.localiser.shape
        self.family = family
        self.of_image = nn.Linear(planes * rows * columns, hidden)
        self.of_query = nn.Linear(query_size, hidden, bias=False)
        self.theta = nn.Linear(hidden, len(family.identity), bias=False)
        nn.init.zeros_(self.theta.weight)
        angle_K = (torch.arange(starts) + 0.5) * 2 * torch.pi / starts
        place_K2 = spread * torch.stack([angle_K.cos(), angle_K.sin()], -1)
        self.start_KP = nn.Parameter(family.moved(torch.tensor([family.identity] * starts), place_K2.atanh()))
        self.sampler = Sampler(spec.background, size, oversample)
        self.network = encoder((channels * scales, size, size))
        self.whatwhere = whatwhere(what_size=self.network.shape[0], where_size=len(family.identity))
        self.code_size = self.whatwhere.size

    def encode(self, image_BCHW: Tensor, boxes_BN4: Tensor) -> Mapped:
        levels = [self.sampler.raised(avg_pool2d(image_BCHW, step)) for step in self.steps]
        plan_BH = self.of_image(self.localiser(adaptive_avg_pool2d(image_BCHW, self.overview)).flatten(1))
        return Mapped(levels, plan_BH)

    def forward(self, features: Mapped, query_RS: Tensor, step: int, draw: Draw) -> Glimpse:
        plan_RH = features.plan.repeat_interleave(len(query_RS) // len(features.plan), 0)
        change_RP = self.theta((plan_RH + self.of_query(query_RS)).relu())
        free_RP = self.start_KP[step % len(self.start_KP)] + change_RP
        theta_RP = self.family.moved(free_RP, self.family.centre(free_RP).tanh())
        where = Certain(theta_RP, lambda: self.family.moved(theta_RP, 2 * torch.rand_like(theta_RP[:, :2]) - 1))
        theta_RP = draw(where)
        warp_R23 = self.family.warp(theta_RP)
        levels = zip(features.levels, self.steps, strict=True)
        crops = [self.sampler(level, coarser(warp_R23, self.side, step)) for level, step in levels]
        what_RD = self.network(torch.cat(crops, 1)).flatten(1)
        return Glimpse(self.whatwhere(what_RD, theta_RP), warp_R23, where.log_prob(theta_RP))

    def attention_map(self, where: Tensor, side: tuple[int, int]) -> Tensor:
        y_H = torch.linspace(-1, 1, side[0], device=where.device)
        x_W = torch.linspace(-1, 1, side[1], device=where.device)
        place_HW2 = torch.stack(torch.meshgrid(x_W, y_H, indexing="xy"), -1)
        # A pixel was seen where the inverse warp puts it inside the unit square of a crop.
        offset_RHW2 = place_HW2 - where[:, None, None, :, 2]
        inside_RHW2 = (offset_RHW2 @ torch.linalg.pinv(where[:, None, :, :2]).transpose(-1, -2)).abs()
        return torch.stack([(inside_RHW2 <= step).all(-1).to(where.dtype) for step in self.steps]).mean(0)

    def fixation(self, where: Tensor) -> Tensor:
        side_2 = where.new_tensor([self.side[1], self.side[0]])
        return (where[..., 2] + 1) / 2 * (side_2 - 1) + 0.5

    def policy_parameters(self) -> list[nn.Parameter]:
        layers = (self.localiser, self.of_image, self.of_query, self.theta)
        return [self.start_KP, *(parameter for layer in layers for parameter in layer.parameters())]
