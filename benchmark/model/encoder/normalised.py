"""Convolutions with normalisation, without statistics of a batch.

Axes: B images or glimpses, C channels, H rows, W columns.
"""

from typing import final

from torch import Tensor, nn

from benchmark.model.encoder.base import Encoder
from benchmark.model.encoder.conv import Conv
from datamodules.ranges import Count, Width


@final
class NormalisedConv(Encoder):
    """`Conv` whose maps are normalised before each rectifier: to zero mean and unit variance over channels, rows and
    columns of one image, then scaled and shifted by channel (layer normalisation, Ba et al. 2016; a group normalisation
    with one group).

    Batch normalisation does not suit glimpses: those of training are drawn and those of an evaluation are not, and the
    first is of other contents than the last. layers, pad: as of `Conv`, whose ConfigFault it raises.
    """

    def __init__(self, shape: tuple[int, int, int], layers: list[tuple[Width, Count, Count]], pad: bool):
        super().__init__()
        plain = Conv(shape, layers, pad)
        body: list[nn.Module] = []
        for part in plain.body:
            body += [part, nn.GroupNorm(1, part.out_channels)] if isinstance(part, nn.Conv2d) else [part]
        self.body = nn.Sequential(*body)
        self.shape = plain.shape

    def forward(self, image_BCHW: Tensor) -> Tensor:
        return self.body(image_BCHW)
