"""Small residual networks, trained from scratch.

Axes: B images or glimpses, C channels, H rows, W columns.
"""

from functools import reduce
from typing import final

from torch import Tensor, nn

from benchmark.model.encoder.base import Encoder
from benchmark.model.encoder.cells import PIXELS
from datamodules.ranges import Count, Width


@final
class Residual(Encoder):
    """A small ResNet (He et al. 2015) with batch normalisation and global average pooling: the strong CNN control.

    A 3 x 3 stem, then one block of two convolutions for each of `widths`, each but the first halving the side.
    """

    def __init__(self, shape: tuple[int, int, int], widths: list[Width]):
        super().__init__()
        self.stem, self.blocks = residual(shape[0], widths, 1)
        self.shape = (widths[-1], 1, 1)

    def forward(self, image_BCHW: Tensor) -> Tensor:
        return self.blocks(self.stem(image_BCHW)).mean((-2, -1), keepdim=True)


@final
class ResidualMap(Encoder):
    """The same network without global average pooling: a grid of items, for photographs. stride: of the stem."""

    def __init__(self, shape: tuple[int, int, int], widths: list[Width], stride: Count):
        super().__init__()
        self.stem, self.blocks = residual(shape[0], widths, stride)
        by = stride * 2 ** (len(widths) - 1)
        self.shape = (widths[-1], -(-shape[1] // by), -(-shape[2] // by))
        self.cells = reduce(lambda cells, _: cells.then(3, 2, 1), widths[1:], PIXELS.then(3, stride, 1))

    def forward(self, image_BCHW: Tensor) -> Tensor:
        return self.blocks(self.stem(image_BCHW))


def residual(channels: int, widths: list[int], stride: int) -> tuple[nn.Sequential, nn.Sequential]:
    """A stem with this stride, and a block for each width, each but the first halving the side."""
    stem = nn.Sequential(nn.Conv2d(channels, widths[0], 3, stride, 1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU())
    pairs = zip([widths[0], *widths], widths, strict=False)
    return stem, nn.Sequential(*(Block(a, b, 1 if i == 0 else 2) for i, (a, b) in enumerate(pairs)))


@final
class Block(nn.Module):
    """Two 3 x 3 convolutions and a projection shortcut, with batch normalisation."""

    def __init__(self, before: int, after: int, stride: int):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(before, after, 3, stride, 1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(),
            nn.Conv2d(after, after, 3, padding=1, bias=False),
            nn.BatchNorm2d(after),
        )
        self.shortcut = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, map_BCHW: Tensor) -> Tensor:
        return (self.body(map_BCHW) + self.shortcut(map_BCHW)).relu()
