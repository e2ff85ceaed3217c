"""The image told once, before the first symbol, and never looked at again: NIC."""

from collections.abc import Callable
from typing import final

from torch import Tensor, nn

from benchmark.attention.base import Attention, Glimpse
from benchmark.attention.distribution import Draw
from benchmark.encoder import Encoder
from datamodules.contract import TaskSpec


@final
class Once(Attention):
    """The mean of the encoder's map, at the first glimpse; zeros after it (NIC, Vinyals et al. 2015).

    NIC gives its core the image in a step before the first, in the place of a word; here it comes with "no symbol yet",
    in one step. Its code of the image is what other mechanisms have as the mean of their items, so that they compare.
    """

    drawn = False

    def __init__(self, spec: TaskSpec, query_size: int, encoder: Callable[[tuple[int, int, int]], Encoder]):
        super().__init__()
        self.encoder = encoder(spec.image_shape)
        self.code_size = self.gist_size = self.encoder.shape[0]

    def encode(self, image_BCHW: Tensor, boxes_BN4: Tensor) -> Tensor:
        return self.encoder(image_BCHW).mean((-2, -1))

    def gist(self, features: Tensor) -> Tensor:
        return features

    def forward(self, features: Tensor, query_RS: Tensor, step: int, draw: Draw) -> Glimpse:
        code_RD = features.repeat_interleave(len(query_RS) // len(features), 0) * (step == 0)
        nothing_R0 = code_RD.new_zeros(len(code_RD), 0)
        return Glimpse(code_RD, nothing_R0, code_RD.new_zeros(len(code_RD)), nothing_R0)

    def attention_map(self, where: Tensor, side: tuple[int, int]) -> Tensor:
        return where.new_ones(len(where), *side)

    def fixation(self, where: Tensor) -> Tensor:
        return where.new_full((len(where), 2), float("nan"))

    def policy_parameters(self) -> list[nn.Parameter]:
        return []
