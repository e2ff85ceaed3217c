"""Wrappers of an encoder: the image resized before it, or its map averaged after it.

Axes: B images, C channels, H rows, W columns.
"""

from collections.abc import Callable
from typing import final

from torch import Tensor
from torch.nn.functional import interpolate

from benchmark.model.encoder.base import Encoder
from benchmark.model.encoder.cells import ResizedCells
from datamodules.ranges import Count


@final
class Resized(Encoder):
    """Another encoder on the image resized to `side` x `side` pixels (bilinear, antialiased), so that its cost does not
    depend on the image's size.
    """

    def __init__(self, shape: tuple[int, int, int], body: Callable[[tuple[int, int, int]], Encoder], side: Count):
        super().__init__()
        self.side = side
        self.body = body((shape[0], side, side))
        self.shape, self.cells = self.body.shape, ResizedCells(self.body.cells, side)

    def extra_repr(self) -> str:
        return f"side={self.side}"

    def forward(self, image_BCHW: Tensor) -> Tensor:
        side = (self.side, self.side)
        return self.body(interpolate(image_BCHW, side, mode="bilinear", align_corners=False, antialias=True))


@final
class MeanCell(Encoder):
    """Global average pooling of another encoder's map: one feature vector."""

    def __init__(self, shape: tuple[int, int, int], body: Callable[[tuple[int, int, int]], Encoder]):
        super().__init__()
        self.body = body(shape)
        self.shape = (self.body.shape[0], 1, 1)

    def forward(self, image_BCHW: Tensor) -> Tensor:
        return self.body(image_BCHW).mean((-2, -1), keepdim=True)
