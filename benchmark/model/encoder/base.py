"""phi_enc: what turns an image, or a glimpse of one, into features.

Axes: B images or glimpses, C channels, H rows, W columns.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import final

from torch import Tensor, nn

from benchmark.common.errors import ConfigFault
from datamodules.contract import ImageKey
from datamodules.ranges import Count


class FeatureSource(ABC):
    """Where the features of whole images come from."""

    @abstractmethod
    def __call__(self, encoder: "Encoder", image_BCHW: Tensor, key: ImageKey) -> Tensor:
        """(B, *shape) features, as `encoder(image_BCHW)` computes them. key: which images of the data set these are."""


@final
class Computed(FeatureSource):
    """The encoder computes them, each time."""

    def __call__(self, encoder: "Encoder", image_BCHW: Tensor, key: ImageKey) -> Tensor:
        features: Tensor = encoder(image_BCHW)
        return features


class Encoder(nn.Module, ABC):
    """A map of features; a single code is a map of one cell.

    shape: (channels, rows, columns) of what comes out. source: where the features of whole images come from; a cache of
    a frozen encoder's features replaces it.
    """

    shape: tuple[int, int, int]
    source: FeatureSource = Computed()

    @abstractmethod
    def forward(self, image_BCHW: Tensor) -> Tensor:
        """(B, *shape) features, computed."""

    @final
    def encode(self, image_BCHW: Tensor, key: ImageKey) -> Tensor:
        """(B, *shape) features of whole images as the data set has them: computed, or out of a cache by their key."""
        return self.source(self, image_BCHW, key)


@final
class Dense(Encoder):
    """Fully connected rectifier layers on the flattened image: the glimpse networks of RAM and of DRAM on MNIST."""

    def __init__(self, shape: tuple[int, int, int], sizes: list[Count]):
        super().__init__()
        widths = [shape[0] * shape[1] * shape[2], *sizes]
        layers = [layer for a, b in zip(widths, sizes, strict=False) for layer in (nn.Linear(a, b), nn.ReLU())]
        self.body = nn.Sequential(nn.Flatten(), *layers)
        self.shape = (sizes[-1], 1, 1)

    def forward(self, image_BCHW: Tensor) -> Tensor:
        return self.body(image_BCHW)[:, :, None, None]


@final
class Conv(Encoder):
    """Convolutions with rectifiers. layers: (channels, kernel, stride); pad: keep the size where the stride is 1."""

    def __init__(self, shape: tuple[int, int, int], layers: list[tuple[Count, Count, Count]], pad: bool):
        super().__init__()
        body: list[nn.Module] = []
        before, rows, columns = shape
        for channels, kernel, stride in layers:
            edge = (kernel - 1) // 2 if pad else 0
            rows, columns = ((side + 2 * edge - kernel) // stride + 1 for side in (rows, columns))
            if min(rows, columns) < 1:
                raise ConfigFault(
                    [f"encoder.layers: an image of {shape[1]} x {shape[2]} px is too small for {list(layers)}"]
                )
            body += [nn.Conv2d(before, channels, kernel, stride, edge), nn.ReLU()]
            before = channels
        self.body = nn.Sequential(*body)
        self.shape = (before, rows, columns)

    def forward(self, image_BCHW: Tensor) -> Tensor:
        return self.body(image_BCHW)


@final
class Flat(Encoder):
    """The map of another encoder, flattened into one code by a fully connected rectifier layer."""

    def __init__(self, shape: tuple[int, int, int], body: Callable[[tuple[int, int, int]], Encoder], size: Count):
        super().__init__()
        self.body = body(shape)
        channels, rows, columns = self.body.shape
        self.out = nn.Linear(channels * rows * columns, size)
        self.shape = (size, 1, 1)

    def forward(self, image_BCHW: Tensor) -> Tensor:
        return self.out(self.body(image_BCHW).flatten(1)).relu()[:, :, None, None]


@final
class Residual(Encoder):
    """A small residual network with batch normalisation and a global average, the strong CNN.

    After ResNet (He et al. 2015): a 3 x 3 stem, then one block of two convolutions a width, halving the side at each
    width but the first.
    """

    def __init__(self, shape: tuple[int, int, int], widths: list[Count]):
        super().__init__()
        self.stem, self.blocks = residual(shape[0], widths, 1)
        self.shape = (widths[-1], 1, 1)

    def forward(self, image_BCHW: Tensor) -> Tensor:
        return self.blocks(self.stem(image_BCHW)).mean((-2, -1), keepdim=True)


@final
class ResidualMap(Encoder):
    """The same network's map, not averaged: a grid of items, for photographs. stride: of the stem."""

    def __init__(self, shape: tuple[int, int, int], widths: list[Count], stride: Count):
        super().__init__()
        self.stem, self.blocks = residual(shape[0], widths, stride)
        by = stride * 2 ** (len(widths) - 1)
        self.shape = (widths[-1], -(-shape[1] // by), -(-shape[2] // by))

    def forward(self, image_BCHW: Tensor) -> Tensor:
        return self.blocks(self.stem(image_BCHW))


def residual(channels: int, widths: list[int], stride: int) -> tuple[nn.Sequential, nn.Sequential]:
    """A stem with this stride, and a block a width, each halving the side but the first."""
    stem = nn.Sequential(nn.Conv2d(channels, widths[0], 3, stride, 1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU())
    pairs = zip([widths[0], *widths], widths, strict=False)
    return stem, nn.Sequential(*(Block(a, b, 1 if i == 0 else 2) for i, (a, b) in enumerate(pairs)))


@final
class Block(nn.Module):
    """Two 3 x 3 convolutions and a shortcut."""

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
