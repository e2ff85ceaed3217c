"""NIC's input: the image's feature at the first time step only (Vinyals et al. 2015)."""

from collections.abc import Callable
from typing import final

from torch import Tensor

from benchmark.model.attention.base import NO_GLIMPSE, Glimpse, Past, WholeImage, whole_image_glimpse
from benchmark.model.attention.distribution import Draw
from benchmark.model.encoder.base import Encoder
from datamodules.contract import NO_KEY, ImageKey, TaskSpec


@final
class ImageOnce(WholeImage):
    """The mean of the feature map at the first glimpse, zeros after it (NIC, Vinyals et al. 2015).

    NIC feeds the image in a time step of its own, in the place of a word; here it comes together with the start symbol.
    The feature is the mean of the items of the item-wise mechanisms, so that they are comparable.
    """

    def __init__(self, spec: TaskSpec, query_size: int, encoder: Callable[[tuple[int, int, int]], Encoder]):
        super().__init__()
        self.encoder = encoder(spec.image_shape)
        self.code_size = self.global_feature_size = self.encoder.shape[0]

    def encode(self, image_BCHW: Tensor, boxes_BN4: Tensor, key: ImageKey = NO_KEY) -> Tensor:
        return self.encoder.encode(image_BCHW, key).mean((-2, -1))

    def forward(self, features: Tensor, query_RS: Tensor, step: int, draw: Draw, past: Past = NO_GLIMPSE) -> Glimpse:
        return whole_image_glimpse(features.repeat_interleave(len(query_RS) // len(features), 0) * (step == 0))
