"""Location-wise soft attention (eqs 25-33): a recurrent spatial transformer, each crop placed from the hidden state.

Axes: B images, R = B * S rows, K crops of one glimpse, n = R * K, P parameters of a warp, D code.
"""

from collections.abc import Callable
from typing import NamedTuple, final

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d, pad

from benchmark.common.constants import constant
from benchmark.model.attention.base import NO_GLIMPSE, Attention, Glimpse, Past
from benchmark.model.attention.distribution import Draw, GlimpseDistribution, PointMass
from benchmark.model.attention.family import Family
from benchmark.model.attention.views import Views
from benchmark.model.attention.whatwhere import WhatWhere
from benchmark.model.attention.window import Sampler
from benchmark.model.encoder.base import Encoder
from datamodules.contract import NO_KEY, ImageKey, TaskSpec
from datamodules.ranges import Count, NotAll, Width


class WarpFeatures(NamedTuple):
    """levels: the image at every scale, minus its background value. image: as it came. plan: (B, H) the localisation
    network's feature of the image, to which a query's is added at every glimpse.
    """

    levels: list[Tensor]
    image: Tensor
    plan: Tensor


def coarser(warp_R23: Tensor, side: tuple[int, int], step: int) -> Tensor:
    """The warp that is `step` times as wide around the same centre, for the image averaged over step x step pixels,
    where it ends within such a cell with background beyond its edge.

    A reduced image's corner pixels have their centres further in, so its [-1, 1] is not the image's.
    """
    reduced = [max(-(-length // step) - 1, 1) * step for length in (side[1], side[0])]
    scale_2 = constant([(side[1] - 1) / reduced[0], (side[0] - 1) / reduced[1]], warp_R23)
    shift_2 = constant([(side[1] - step) / reduced[0] - 1, (side[0] - step) / reduced[1] - 1], warp_R23)
    wide_R22 = step * warp_R23[..., :2] * scale_2[:, None]
    to_R21 = (warp_R23[..., 2] * scale_2 + shift_2)[..., None]
    return torch.cat([wide_R22, to_R21], -1)


def filled(image_BCHW: Tensor, step: int, background: float) -> Tensor:
    """The image with background below and to the right, so that its sides are multiples of `step`."""
    rows, columns = (-length % step for length in image_BCHW.shape[-2:])
    return pad(image_BCHW, [0, columns, 0, rows], value=background) if rows or columns else image_BCHW


@final
class WarpAttention(Attention):
    """A localisation network maps image and hidden state to a warp; the crop is sampled bilinearly, so that the
    likelihood's gradient reaches the warp (eqs 34-42, by autograd; the double sum of eq 34 is a misprint).

    The centre is kept inside the image by a tanh: outside, the gradient is zero. Unlike RNN-SPN, whose recurrence sees
    the same features at every time step, the crop feeds the decoder, as in EDRAM. The localisation network sees the
    image reduced to at most `overview` pixels a side, so that its cost does not grow with the image. `where` of a
    glimpse is its K matrices (R, K, 2, 3).

    hidden: width of the layer that joins image and query. size: g, pixels a side of a crop.
    parallel: K, crops of each glimpse, of one localisation network and one glimpse network, their codes concatenated
    (the STN paper's birds also have one localisation network, but a glimpse network for each crop).
    starts, spread: at initialisation the first `starts` crops lie evenly on a ring of radius `spread`, as in the STN
    paper's parallel transformers; a single one lies at the centre. A radius of 1 would be the image's edge, which the
    tanh does not reach. Crops that start at one place stay alike.
    scales: concentric crops, each twice as wide as the one before, sampled from an image reduced as much, as in a
    retina. Bilinear sampling has a gradient only of the pixels it touches; wide crops extend it.
    oversample: see `Sampler`.
    """

    drawn = False

    def __init__(
        self,
        spec: TaskSpec,
        query_size: int,
        encoder: Callable[[tuple[int, int, int]], Encoder],
        views: Callable[..., Views],
        localiser: Callable[[tuple[int, int, int]], Encoder],
        hidden: Width,
        family: Family,
        parallel: Count,
        starts: Count,
        spread: NotAll,
        whatwhere: Callable[..., WhatWhere],
        overview: Count,
        size: Count,
        scales: Count,
        oversample: Count,
    ):
        super().__init__()
        channels, *side = spec.image_shape
        self.side, self.overview = (side[0], side[1]), (min(side[0], overview), min(side[1], overview))
        self.steps = [2**s for s in range(scales)]
        self.localiser = localiser((channels, *self.overview))
        planes, rows, columns = self.localiser.shape
        self.family, self.parallel = family, parallel
        self.of_image = nn.Linear(planes * rows * columns, hidden)
        self.of_query = nn.Linear(query_size, hidden, bias=False)
        self.theta = nn.Linear(hidden, parallel * len(family.identity), bias=False)
        nn.init.zeros_(self.theta.weight)
        angle_s = (torch.arange(starts) + 0.5) * 2 * torch.pi / starts
        place_s2 = (spread if starts > 1 else 0.0) * torch.stack([angle_s.cos(), angle_s.sin()], -1)
        self.start_sP = nn.Parameter(family.recentred(torch.tensor([family.identity] * starts), place_s2.atanh()))
        self.sampler = Sampler(spec.background, size, oversample)
        self.network = views(encoder=encoder, channels=channels, scales=scales, side=size)
        self.whatwhere = whatwhere(what_size=self.network.size, where_size=len(family.identity))
        self.code_size, self.global_feature_size = parallel * self.whatwhere.size, self.network.global_feature_size

    def encode(self, image_BCHW: Tensor, boxes_BN4: Tensor, key: ImageKey = NO_KEY) -> WarpFeatures:
        wholes = (filled(image_BCHW, step, self.sampler.background) for step in self.steps)
        levels = [self.sampler.raised(avg_pool2d(whole, step)) for whole, step in zip(wholes, self.steps, strict=True)]
        plan_BH = self.of_image(self.localiser(adaptive_avg_pool2d(image_BCHW, self.overview)).flatten(1))
        return WarpFeatures(levels, image_BCHW, plan_BH)

    def global_feature(self, features: WarpFeatures) -> Tensor:
        return self.network.global_feature(features.image)

    def crop_distribution(self, plan_BH: Tensor, query_RS: Tensor, step: int) -> GlimpseDistribution:
        """Over the warp parameters (R, K, P) of a glimpse's crops, their centres inside the image."""
        plan_RH = plan_BH.repeat_interleave(len(query_RS) // len(plan_BH), 0)
        change_RKP = self.theta((plan_RH + self.of_query(query_RS)).relu()).unflatten(1, (self.parallel, -1))
        crops = range(step * self.parallel, (step + 1) * self.parallel)
        start_KP = torch.stack([self.start_sP[crop % len(self.start_sP)] for crop in crops])
        free_nP = (start_KP + change_RKP).flatten(0, 1)
        theta_nP = self.family.recentred(free_nP, self.family.centre(free_nP).tanh())

        def uniform_crops() -> Tensor:
            centre_n2 = 2 * torch.rand_like(theta_nP[:, :2]) - 1
            return self.family.recentred(theta_nP, centre_n2).view_as(change_RKP)

        return PointMass(theta_nP.view_as(change_RKP), uniform_crops)

    def forward(
        self, features: WarpFeatures, query_RS: Tensor, step: int, draw: Draw, past: Past = NO_GLIMPSE
    ) -> Glimpse:
        where = self.crop_distribution(features.plan, query_RS, step)
        theta_RKP = draw(where)
        theta_nP = theta_RKP.flatten(0, 1)
        warp_n23 = self.family.warp(theta_nP)
        levels = zip(features.levels, self.steps, strict=True)
        crops = [self.sampler(level, coarser(warp_n23, self.side, step)) for level, step in levels]
        code_nD = self.whatwhere(self.network(torch.stack(crops, 1)), theta_nP)
        code_RKD, warp_RK23 = (value.unflatten(0, (-1, self.parallel)) for value in (code_nD, warp_n23))
        return Glimpse(code_RKD.flatten(1), warp_RK23, where.log_prob(theta_RKP), theta_RKP[:, 0, :0])

    def attention_map(self, where: Tensor, side: tuple[int, int]) -> Tensor:
        y_H = torch.linspace(-1, 1, side[0], device=where.device)
        x_W = torch.linspace(-1, 1, side[1], device=where.device)
        place_HW2 = torch.stack(torch.meshgrid(x_W, y_H, indexing="xy"), -1)
        # A pixel was attended where the inverse warp maps it into the unit square of a crop.
        offset_RKHW2 = place_HW2 - where[:, :, None, None, :, 2]
        inside_RKHW2 = (offset_RKHW2 @ torch.linalg.pinv(where[:, :, None, :, :2]).transpose(-1, -2)).abs()
        return torch.stack([(inside_RKHW2 <= step).all(-1).any(1).to(where.dtype) for step in self.steps]).mean(0)

    def fixation(self, where: Tensor) -> Tensor:
        """Of several crops, the mean of their centres."""
        side_2 = constant([self.side[1], self.side[0]], where)
        return (where[..., 2].mean(1) + 1) / 2 * (side_2 - 1) + 0.5

    def policy_parameters(self) -> list[nn.Parameter]:
        layers = (self.localiser, self.of_image, self.of_query, self.theta)
        return [self.start_sP, *(parameter for layer in layers for parameter in layer.parameters())]
