"""Glimpse networks: how the windows of several resolutions are encoded as one glimpse feature.

Axes: R rows, B images, C channels, k scales, g side of a window, D code.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import final

from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from benchmark.model.encoder.base import Encoder


class Views(nn.Module, ABC):
    """A glimpse network. size: D, width of a glimpse's code. global_feature_size: width of a whole image's."""

    size: int
    global_feature_size: int

    @abstractmethod
    def forward(self, window_RkCgg: Tensor) -> Tensor:
        """(R, D) code of (R, k, C, g, g) concentric windows, the finest first."""

    @abstractmethod
    def global_feature(self, image_BCHW: Tensor) -> Tensor:
        """(B, global_feature_size) feature of whole images, reduced to the g x g pixels of one window."""


def code_size(encoder: Encoder) -> int:
    """The size of an encoder's flattened feature map."""
    channels, rows, columns = encoder.shape
    return channels * rows * columns


@final
class Stacked(Views):
    """The windows are the channels of one input of the encoder: RAM, DRAM. A whole image is repeated for each scale."""

    def __init__(self, encoder: Callable[[tuple[int, int, int]], Encoder], channels: int, scales: int, side: int):
        super().__init__()
        self.scales, self.side = scales, side
        self.encoder = encoder((channels * scales, side, side))
        self.size = self.global_feature_size = code_size(self.encoder)

    def forward(self, window_RkCgg: Tensor) -> Tensor:
        return self.encoder(window_RkCgg.flatten(1, 2)).flatten(1)

    def global_feature(self, image_BCHW: Tensor) -> Tensor:
        reduced_BCgg = adaptive_avg_pool2d(image_BCHW, self.side)
        return self.encoder(reduced_BCgg.repeat(1, self.scales, 1, 1)).flatten(1)


@final
class OneCore(Views):
    """One encoder, the "visual core", reads each window as an image of its own; the codes are concatenated (Sermanet,
    Frome & Real 2015). So an encoder of photographs, pretrained or not, reads every resolution.
    """

    def __init__(self, encoder: Callable[[tuple[int, int, int]], Encoder], channels: int, scales: int, side: int):
        super().__init__()
        self.scales, self.side = scales, side
        self.encoder = encoder((channels, side, side))
        self.global_feature_size = code_size(self.encoder)
        self.size = scales * self.global_feature_size

    def forward(self, window_RkCgg: Tensor) -> Tensor:
        code_nD = self.encoder(window_RkCgg.flatten(0, 1)).flatten(1)
        return code_nD.unflatten(0, (-1, self.scales)).flatten(1)

    def global_feature(self, image_BCHW: Tensor) -> Tensor:
        return self.encoder(adaptive_avg_pool2d(image_BCHW, self.side)).flatten(1)
