"""Encoders around an encoder: images brought to another size before it, and its map averaged after it.

Axes: B images, C channels, H rows, W columns.
"""

from collections.abc import Callable
from typing import final

from torch import Tensor
from torch.nn.functional import interpolate

from benchmark.model.encoder.base import Encoder
from datamodules.ranges import Count


@final
class Resized(Encoder):
    """The image in `side` x `side` pixels, whatever it came in: bilinear, each pixel averaging all that it covers. So
    an encoder costs the same on any image, and knows no more of it than those pixels say.
    """

    def __init__(self, shape: tuple[int, int, int], body: Callable[[tuple[int, int, int]], Encoder], side: Count):
        super().__init__()
        self.side = side
        self.body = body((shape[0], side, side))
        self.shape = self.body.shape

    def forward(self, image_BCHW: Tensor) -> Tensor:
        side = (self.side, self.side)
        return self.body(interpolate(image_BCHW, side, mode="bilinear", align_corners=False, antialias=True))


@final
class MeanCell(Encoder):
    """The mean over the cells of another encoder's map, as residual networks end: one code."""

    def __init__(self, shape: tuple[int, int, int], body: Callable[[tuple[int, int, int]], Encoder]):
        super().__init__()
        self.body = body(shape)
        self.shape = (self.body.shape[0], 1, 1)

    def forward(self, image_BCHW: Tensor) -> Tensor:
        return self.body(image_BCHW).mean((-2, -1), keepdim=True)
