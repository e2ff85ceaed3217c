"""Deep convolutional encoders of the whole image: the CNNs that DRAM is compared with on house numbers.

Axes: B images, C channels, H rows, W columns, P positions of a map, K inputs of a kernel.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import final

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, max_pool2d, pad, unfold

from benchmark.model.encoder.base import Encoder
from benchmark.model.encoder.cells import PIXELS
from datamodules.ranges import Count, NotAll, Width

Shape = tuple[int, int, int]


class Nonlinearity(ABC):
    """The nonlinearity after a convolution. wide: filters of the convolution for each output channel."""

    wide: int

    @abstractmethod
    def __call__(self, map_BCHW: Tensor) -> Tensor:
        """(B, C / wide, H, W)."""


@final
class Rectifier(Nonlinearity):
    """ReLU: max(0, x)."""

    wide = 1

    def __call__(self, map_BCHW: Tensor) -> Tensor:
        return map_BCHW.relu()


@final
class Maxout(Nonlinearity):
    """The maximum of `pieces` filters (Goodfellow et al. 2013b)."""

    def __init__(self, pieces: Count):
        self.wide = pieces

    def __call__(self, map_BCHW: Tensor) -> Tensor:
        return map_BCHW.unflatten(1, (-1, self.wide)).amax(2)


class Normaliser(ABC):
    """Normalisation of a map after pooling."""

    @abstractmethod
    def __call__(self, map_BCHW: Tensor) -> Tensor:
        """The map, of the same shape."""


@final
class NoNormaliser(Normaliser):
    """The map as it is."""

    def __call__(self, map_BCHW: Tensor) -> Tensor:
        return map_BCHW


@final
class Subtractive(Normaliser):
    """Subtractive normalisation: minus the mean of the window around each position.

    Goodfellow et al. give 3 x 3 without weights: here they are equal, each channel has its own mean, and at the border
    only positions inside count.
    """

    def __init__(self, window: Count):
        self.window = window

    def __call__(self, map_BCHW: Tensor) -> Tensor:
        mean_BCHW = avg_pool2d(map_BCHW, self.window, 1, self.window // 2, count_include_pad=False)
        return map_BCHW - mean_BCHW


def pooled(map_BCHW: Tensor, window: int, stride: int) -> Tensor:
    """Max-pooling, padded after the last row and column, so that a stride of 1 keeps the size."""
    return max_pool2d(pad(map_BCHW, (0, window - 1, 0, window - 1), value=-torch.inf), window, stride)


def dropouts(count: int, share: float) -> nn.ModuleList:
    """A dropout module for each layer, so that hooks can distinguish them."""
    return nn.ModuleList(nn.Dropout(share) for _ in range(count))


@final
class PooledConv(Encoder):
    """Convolutions padded to keep the size, each followed by a nonlinearity, max-pooling, normalisation and dropout.

    layers: (channels, kernel, window, stride), the last two of its max-pooling; a window of 1 does not pool.
    first: nonlinearity of the first layer; all others have ReLU. dropout: probability, 0 to below 1.
    """

    def __init__(
        self,
        shape: Shape,
        layers: list[tuple[Width, Count, Count, Count]],
        first: Nonlinearity,
        normalise: Normaliser,
        dropout: NotAll,
    ):
        super().__init__()
        before, rows, columns = shape
        self.units: list[Nonlinearity] = [first, *(Rectifier() for _ in layers[1:])]
        self.pools, self.normalise = [(window, stride) for *_, window, stride in layers], normalise
        self.convolutions, self.dropouts = nn.ModuleList(), dropouts(len(layers), dropout)
        cells = PIXELS
        for (channels, kernel, window, stride), unit in zip(layers, self.units, strict=True):
            self.convolutions.append(nn.Conv2d(before, channels * unit.wide, kernel, padding=kernel // 2))
            before, rows, columns = channels, (rows - 1) // stride + 1, (columns - 1) // stride + 1
            cells = cells.then(kernel, 1, kernel // 2).then(window, stride, 0)
        self.shape, self.cells = (before, rows, columns), cells

    def forward(self, image_BCHW: Tensor) -> Tensor:
        for conv, unit, pool, drop in zip(self.convolutions, self.units, self.pools, self.dropouts, strict=True):
            image_BCHW = drop(self.normalise(pooled(unit(conv(image_BCHW)), *pool)))
        return image_BCHW


@final
class Local(Encoder):
    """A locally connected layer on the map of another encoder: a convolution with separate weights at each position."""

    def __init__(self, shape: Shape, body: Callable[[Shape], Encoder], channels: Width, kernel: Count, dropout: NotAll):
        super().__init__()
        self.body, self.kernel, self.dropout = body(shape), kernel, nn.Dropout(dropout)
        before, rows, columns = self.body.shape
        reach = (before * kernel * kernel) ** -0.5  # the initialisation of nn.Linear with as many inputs
        self.weight_PCK = nn.Parameter(
            torch.empty(rows * columns, channels, before * kernel * kernel).uniform_(-reach, reach)
        )
        self.bias_CHW = nn.Parameter(torch.zeros(channels, rows, columns))
        self.shape, self.cells = (channels, rows, columns), self.body.cells

    def forward(self, image_BCHW: Tensor) -> Tensor:
        under_BKP = unfold(self.body(image_BCHW), self.kernel, padding=self.kernel // 2)
        map_BCP = torch.einsum("bkp,pck->bcp", under_BKP, self.weight_PCK)
        return self.dropout((map_BCP.unflatten(-1, self.shape[1:]) + self.bias_CHW).relu())


@final
class Deep(Encoder):
    """Fully connected ReLU layers with dropout on the flattened map of another encoder. sizes: widths of the layers."""

    def __init__(self, shape: Shape, body: Callable[[Shape], Encoder], sizes: list[Width], dropout: NotAll):
        super().__init__()
        self.body = body(shape)
        channels, rows, columns = self.body.shape
        widths = [channels * rows * columns, *sizes]
        layers = [
            layer
            for a, b in zip(widths, sizes, strict=False)
            for layer in (nn.Linear(a, b), nn.ReLU(), nn.Dropout(dropout))
        ]
        self.top = nn.Sequential(nn.Flatten(), *layers)
        self.shape = (sizes[-1], 1, 1)

    def forward(self, image_BCHW: Tensor) -> Tensor:
        return self.top(self.body(image_BCHW))[:, :, None, None]
