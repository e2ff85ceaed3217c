"""Plain convolutional encoders, with or without a fully connected layer on top.

Axes: B images or glimpses, C channels, H rows, W columns.
"""

from collections.abc import Callable
from typing import final

from torch import Tensor, nn

from benchmark.common.errors import ConfigFault
from benchmark.model.encoder.base import Encoder
from benchmark.model.encoder.cells import PIXELS
from datamodules.ranges import Count, Width


@final
class Conv(Encoder):
    """Convolutions with ReLU. layers: (channels, kernel, stride). pad: zero padding that keeps the size at stride 1.

    Raises ConfigFault where the image is too small for the layers.
    """

    def __init__(self, shape: tuple[int, int, int], layers: list[tuple[Width, Count, Count]], pad: bool):
        super().__init__()
        body: list[nn.Module] = []
        before, rows, columns = shape
        cells = PIXELS
        for channels, kernel, stride in layers:
            edge = (kernel - 1) // 2 if pad else 0
            rows, columns = ((side + 2 * edge - kernel) // stride + 1 for side in (rows, columns))
            if min(rows, columns) < 1:
                raise ConfigFault(
                    [f"encoder.layers: an image of {shape[1]} x {shape[2]} px is too small for {list(layers)}"]
                )
            body += [nn.Conv2d(before, channels, kernel, stride, edge), nn.ReLU()]
            before, cells = channels, cells.then(kernel, stride, edge)
        self.body = nn.Sequential(*body)
        self.shape, self.cells = (before, rows, columns), cells

    def forward(self, image_BCHW: Tensor) -> Tensor:
        return self.body(image_BCHW)


@final
class Flat(Encoder):
    """The flattened map of another encoder, then a fully connected ReLU layer. size: width of the resulting vector."""

    def __init__(self, shape: tuple[int, int, int], body: Callable[[tuple[int, int, int]], Encoder], size: Width):
        super().__init__()
        self.body = body(shape)
        channels, rows, columns = self.body.shape
        self.out = nn.Linear(channels * rows * columns, size)
        self.shape = (size, 1, 1)

    def forward(self, image_BCHW: Tensor) -> Tensor:
        return self.out(self.body(image_BCHW).flatten(1)).relu()[:, :, None, None]
