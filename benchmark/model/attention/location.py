"""Location-wise hard attention (eqs 18-24): RAM, DRAM, and the controls that only differ in their policy.

Axes: B images, R = B * S rows, D code.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NamedTuple, final

import torch
from torch import Tensor, nn

from benchmark.common.errors import ConfigFault
from benchmark.model.attention.base import NO_GLIMPSE, Attention, Glimpse, Past
from benchmark.model.attention.distribution import Draw
from benchmark.model.attention.policy.base import Canvas, CoarseLook, GlimpseCache, Policy, Seen, WindowShape
from benchmark.model.attention.views import Views
from benchmark.model.attention.whatwhere import WhatWhere
from benchmark.model.attention.window import Retina, square_map
from benchmark.model.encoder.base import Encoder
from datamodules.contract import NO_KEY, ImageKey, TaskSpec
from datamodules.ranges import Count, Natural, Positive


class LocationFeatures(NamedTuple):
    """levels: (B, C, P) the retina's pyramid. image: as it came. boxes: (B, N, 4), read by the oracle policy only.
    cache: of what the policy computes of a glimpse.
    """

    levels: Tensor
    image: Tensor
    boxes: Tensor
    cache: GlimpseCache


def read_scales(scales: int, unread: list[int]) -> list[int]:
    """The scales of the retina that are not left out. Raises ConfigFault where none is left or one does not exist."""
    read = [s for s in range(scales) if s not in unread]
    if not read or not set(unread) <= set(range(scales)):
        raise ConfigFault(
            [
                f"attention.mechanism.unread: {list(unread)} of {scales} scales (look.scales), which are numbered from "
                "0; at least one has to be read"
            ]
        )
    return read


class AttentionOverLocations(Attention, ABC):
    """Attention by windows of a retina at the location that a policy gives: what hard and smooth windows share.

    smooth: whether a window has a gradient of its place. The arguments are those of `LocationAttention`.
    """

    smooth: bool
    half_2: Tensor
    far_2: Tensor
    empty_Cgg: Tensor

    def __init__(
        self,
        spec: TaskSpec,
        query_size: int,
        encoder: Callable[[tuple[int, int, int]], Encoder],
        views: Callable[..., Views],
        policy: Callable[..., Policy],
        whatwhere: Callable[..., WhatWhere],
        size: Count,
        scales: Count,
        unread: list[Natural],
        unit: Positive,
    ):
        super().__init__()
        channels, *side = spec.image_shape
        self.retina = Retina((side[0], side[1]), spec.background, size, read_scales(scales, unread))
        self.windows = tuple(size * 2**s for s in self.retina.scales)
        window = WindowShape((channels, size, size), self.windows[-1], self.windows[:-1] or self.windows)
        canvas = Canvas(self.retina.side, unit, window, float(spec.background))
        self.network = views(encoder=encoder, channels=channels, scales=len(self.retina.scales), side=size)
        self.whatwhere = whatwhere(what_size=self.network.size, where_size=2)
        self.code_size, self.global_feature_size = self.whatwhere.size, self.network.global_feature_size
        self.policy = policy(canvas=canvas, query_size=query_size)
        self.drawn, self.reads_annotations = self.policy.drawn, self.policy.reads_annotations
        self.takes_expectation, self.item_size = self.policy.takes_expectation, self.policy.item_size
        self.place_gradient = self.smooth and not self.policy.items  # a map's places have no gradient
        self.unit = unit
        self.register_buffer("half_2", torch.tensor([side[1] / 2, side[0] / 2]), persistent=False)
        self.register_buffer("far_2", 2 * self.half_2, persistent=False)
        self.register_buffer("empty_Cgg", torch.full(window.shape, float(spec.background)), persistent=False)

    def encode(self, image_BCHW: Tensor, boxes_BN4: Tensor, key: ImageKey = NO_KEY) -> LocationFeatures:
        return LocationFeatures(self.retina.levels(image_BCHW), image_BCHW, boxes_BN4, GlimpseCache())

    def global_feature(self, features: LocationFeatures) -> Tensor:
        return self.network.global_feature(features.image)

    def forward(
        self, features: LocationFeatures, query_RS: Tensor, step: int, draw: Draw, past: Past = NO_GLIMPSE
    ) -> Glimpse:
        where, location, item_probs_RN = self.policy(
            query_RS, features.boxes, step, self.seen(features, past, query_RS)
        )
        place = draw(where)
        location_R2 = location(place)
        centre_R2 = (self.half_2 + self.unit * location_R2).clamp(min=0).minimum(self.far_2)
        what_RD = self.network(self.windows_at(features.levels, centre_R2))
        code_RD = self.whatwhere(what_RD, centre_R2 / self.half_2 - 1)
        return Glimpse(code_RD, centre_R2, where.log_prob(place), item_probs_RN)

    @abstractmethod
    def windows_at(self, pyramid_BCP: Tensor, centre_R2: Tensor) -> Tensor:
        """(R, k, C, g, g) windows around centres (x, y) in pixels, the finest first."""

    def seen(self, features: LocationFeatures, past: Past, query_RS: Tensor) -> Seen:
        """What the policy may read of the glimpses so far."""
        rows, images = len(query_RS), len(features.levels)
        middle_R2 = self.half_2.expand(rows, 2)
        context = CoarseLook(
            lambda: self.retina.widest(features.levels, self.half_2.expand(images, 2)),
            lambda: self.retina.corner(middle_R2),
            features.levels,
            rows // images,
        )
        if past:
            return Seen(
                lambda number: self.retina.widest(features.levels, past[number]),
                lambda number: self.retina.corner(past[number]),
                past,
                features.cache,
                context,
            )
        empty_RCgg = self.empty_Cgg.expand(rows, -1, -1, -1)
        return Seen(lambda _: empty_RCgg, lambda _: context.corner(), past, features.cache, context)

    def attention_map(self, where: Tensor, side: tuple[int, int]) -> Tensor:
        return torch.stack([square_map(where, width, side) for width in self.windows]).mean(0)

    def fixation(self, where: Tensor) -> Tensor:
        return where

    def policy_parameters(self) -> list[nn.Parameter]:
        return list(self.policy.parameters())


@final
class LocationAttention(AttentionOverLocations):
    """A policy gives the location, a retina crops there, a glimpse network encodes the crop with its location.

    `where` of a glimpse is its centre, a pixel (x, y) clipped into the image; log_prob is that of the location before
    clipping.
    size: g, pixels a side of the finest window. scales: windows of a retina. unread: those left out, 0 being the
    finest. unit: pixels per unit of location.
    """

    smooth = False

    def windows_at(self, pyramid_BCP: Tensor, centre_R2: Tensor) -> Tensor:
        windows: Tensor = self.retina(pyramid_BCP, centre_R2)
        return windows
