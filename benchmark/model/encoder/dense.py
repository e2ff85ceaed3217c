"""Fully connected encoders.

Axes: B images or glimpses, C channels, H rows, W columns.
"""

from typing import final

from torch import Tensor, nn

from benchmark.model.encoder.base import Encoder
from datamodules.ranges import Width


@final
class Dense(Encoder):
    """Fully connected ReLU layers on the flattened image: the glimpse networks of RAM and of DRAM on MNIST.

    sizes: widths of the layers.
    """

    def __init__(self, shape: tuple[int, int, int], sizes: list[Width]):
        super().__init__()
        widths = [shape[0] * shape[1] * shape[2], *sizes]
        layers = [layer for a, b in zip(widths, sizes, strict=False) for layer in (nn.Linear(a, b), nn.ReLU())]
        self.body = nn.Sequential(nn.Flatten(), *layers)
        self.shape = (sizes[-1], 1, 1)

    def forward(self, image_BCHW: Tensor) -> Tensor:
        return self.body(image_BCHW)[:, :, None, None]
