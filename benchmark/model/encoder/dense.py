"""Fully connected encoders.

Axes: B images or glimpses, C channels, H rows, W columns.
"""

from typing import final

from torch import Tensor, nn

from benchmark.common.relu_layers import relu_layers
from benchmark.model.encoder.base import Encoder
from datamodules.ranges import Width


@final
class Dense(Encoder):
    """Fully connected ReLU layers on the flattened image: the glimpse networks of RAM and of DRAM on MNIST.

    sizes: widths of the layers.
    """

    def __init__(self, shape: tuple[int, int, int], sizes: list[Width]):
        super().__init__()
        layers, _ = relu_layers(shape[0] * shape[1] * shape[2], sizes)
        self.body = nn.Sequential(nn.Flatten(), *layers)
        self.shape = (sizes[-1], 1, 1)

    def forward(self, image_BCHW: Tensor) -> Tensor:
        return self.body(image_BCHW)[:, :, None, None]
