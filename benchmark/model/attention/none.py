"""No attention: the whole image as one feature vector at every time step (eqs 5-6), the common control."""

from collections.abc import Callable
from typing import final

from torch import Tensor

from benchmark.model.attention.base import NO_GLIMPSE, Glimpse, Past, WholeImage, whole_image_glimpse
from benchmark.model.attention.distribution import Draw
from benchmark.model.encoder.base import Encoder
from datamodules.contract import NO_KEY, ImageKey, TaskSpec


@final
class NoAttention(WholeImage):
    """The flattened feature map at every glimpse: an encoder-decoder; with a decoder without recurrence a plain CNN."""

    def __init__(self, spec: TaskSpec, query_size: int, encoder: Callable[[tuple[int, int, int]], Encoder]):
        super().__init__()
        self.encoder = encoder(spec.image_shape)
        channels, rows, columns = self.encoder.shape
        self.code_size = self.global_feature_size = channels * rows * columns

    def encode(self, image_BCHW: Tensor, boxes_BN4: Tensor, key: ImageKey = NO_KEY) -> Tensor:
        return self.encoder.encode(image_BCHW, key).flatten(1)

    def forward(self, features: Tensor, query_RS: Tensor, step: int, draw: Draw, past: Past = NO_GLIMPSE) -> Glimpse:
        return whole_image_glimpse(features.repeat_interleave(len(query_RS) // len(features), 0))
