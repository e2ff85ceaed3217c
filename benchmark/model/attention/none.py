"""No attention: the whole image in one code (eqs 5-6), what every mechanism is judged against."""

from collections.abc import Callable
from typing import final

from torch import Tensor

from benchmark.model.attention.base import Glimpse, Placeless, placeless
from benchmark.model.attention.distribution import Draw
from benchmark.model.encoder.base import Encoder
from datamodules.contract import NO_KEY, ImageKey, TaskSpec


@final
class NoAttention(Placeless):
    """The encoder's code c at every step: the encoder-decoder (NIC); a plain CNN where the decoder does not recur."""

    def __init__(self, spec: TaskSpec, query_size: int, encoder: Callable[[tuple[int, int, int]], Encoder]):
        super().__init__()
        self.encoder = encoder(spec.image_shape)
        channels, rows, columns = self.encoder.shape
        self.code_size = self.global_feature_size = channels * rows * columns

    def encode(self, image_BCHW: Tensor, boxes_BN4: Tensor, key: ImageKey = NO_KEY) -> Tensor:
        return self.encoder.encode(image_BCHW, key).flatten(1)

    def forward(self, features: Tensor, query_RS: Tensor, step: int, draw: Draw) -> Glimpse:
        return placeless(features.repeat_interleave(len(query_RS) // len(features), 0))
