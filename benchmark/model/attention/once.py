"""The image told once, before the first symbol, and never looked at again: NIC."""

from collections.abc import Callable
from typing import final

from torch import Tensor

from benchmark.model.attention.base import Glimpse, Placeless, placeless
from benchmark.model.attention.distribution import Draw
from benchmark.model.encoder.base import Encoder
from datamodules.contract import NO_KEY, ImageKey, TaskSpec


@final
class ImageOnce(Placeless):
    """The mean of the encoder's map, at the first glimpse; zeros after it (NIC, Vinyals et al. 2015).

    NIC gives its core the image in a step before the first, in the place of a word; here it comes with "no symbol yet",
    in one step. Its code of the image is what other mechanisms have as the mean of their items, so that they compare.
    """

    def __init__(self, spec: TaskSpec, query_size: int, encoder: Callable[[tuple[int, int, int]], Encoder]):
        super().__init__()
        self.encoder = encoder(spec.image_shape)
        self.code_size = self.global_feature_size = self.encoder.shape[0]

    def encode(self, image_BCHW: Tensor, boxes_BN4: Tensor, key: ImageKey = NO_KEY) -> Tensor:
        return self.encoder.encode(image_BCHW, key).mean((-2, -1))

    def forward(self, features: Tensor, query_RS: Tensor, step: int, draw: Draw) -> Glimpse:
        return placeless(features.repeat_interleave(len(query_RS) // len(features), 0) * (step == 0))
