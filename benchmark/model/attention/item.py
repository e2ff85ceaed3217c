"""Item-wise attention (eqs 9-17): the image is encoded to items once; each glimpse weighs or draws among them.

Axes: B images, S trajectories, R = B * S rows, N = h * w items on a grid, D size of an item.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NamedTuple, final

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from benchmark.model.attention.alignment.base import Alignment
from benchmark.model.attention.base import Attention, Glimpse
from benchmark.model.attention.distribution import CategoricalItems, Draw, GlimpseDistribution, PointMass, random_items
from benchmark.model.attention.gate import Gate
from benchmark.model.attention.softening import Softening
from benchmark.model.encoder.base import Encoder
from datamodules.contract import NO_KEY, ImageKey, TaskSpec
from datamodules.ranges import Positive


class ItemChoice(nn.Module, ABC):
    """What is made of the scores: the bit in which soft and hard differ."""

    drawn: bool

    @abstractmethod
    def softening(self, item_BND: Tensor) -> Tensor:
        """(B,) how probably each image's glimpses are the expectation where they would be a draw; once a batch."""

    @abstractmethod
    def forward(self, scores_RN: Tensor, softened_R: Tensor) -> GlimpseDistribution:
        """A distribution over weights on the N items."""

    @abstractmethod
    def compared(self, item_BND: Tensor) -> Tensor:
        """The items as the scores see them: with or without a way back for the gradient of the scores."""


@final
class ExpectedItem(ItemChoice):
    """Soft: the weights are softmax(scores / temperature), and the code is the expectation (eqs 12-14)."""

    drawn = False

    def __init__(self, temperature: Positive):
        super().__init__()
        self.temperature = temperature

    def softening(self, item_BND: Tensor) -> Tensor:
        return item_BND.new_zeros(len(item_BND))

    def forward(self, scores_RN: Tensor, softened_R: Tensor) -> GlimpseDistribution:
        return PointMass((scores_RN / self.temperature).softmax(-1), lambda: random_items(scores_RN))

    def compared(self, item_BND: Tensor) -> Tensor:
        return item_BND


@final
class SampledItem(ItemChoice):
    """Hard: one item is drawn from softmax(scores / temperature) (eqs 15-16).

    softened: which glimpses are the expectation instead of a draw, in training alone.
    """

    drawn = True

    def __init__(self, temperature: Positive, softened: Softening):
        super().__init__()
        self.temperature, self.softened = temperature, softened

    def softening(self, item_BND: Tensor) -> Tensor:
        return self.softened(item_BND)

    def forward(self, scores_RN: Tensor, softened_R: Tensor) -> GlimpseDistribution:
        return CategoricalItems(scores_RN / self.temperature, softened_R if self.training else None)

    def compared(self, item_BND: Tensor) -> Tensor:
        # The policy's gradient trains what compares; what is compared is the reader's, and the likelihood's.
        return item_BND.detach()


class ItemFeatures(NamedTuple):
    """item (B, N, D) and key (B, N, K) of each image; softened (B,)."""

    item: Tensor
    key: Tensor
    softened: Tensor


@final
class ItemAttention(Attention):
    """Attention over the cells of a convolutional feature map.

    Eq 10 lets each code see its own item only; the cells of a convolutional map have overlapping fields, as in Show,
    Attend and Tell. Each item carries its place (x, y in [-1, 1]): eq 20 omits it, and the order of two things can't be
    told without it.
    """

    place_N2: Tensor

    def __init__(
        self,
        spec: TaskSpec,
        query_size: int,
        encoder: Callable[[tuple[int, int, int]], Encoder],
        alignment: Callable[..., Alignment],
        choice: ItemChoice,
        gate: Callable[..., Gate],
    ):
        super().__init__()
        self.encoder = encoder(spec.image_shape)
        channels, self.rows, self.columns = self.encoder.shape
        self.code_size = self.global_feature_size = channels + 2
        self.side = spec.image_shape[1:]
        self.alignment = alignment(item_size=self.code_size, query_size=query_size)
        self.gate = gate(query_size=query_size, code_size=self.code_size)
        self.choice = choice
        self.takes_expectation, self.drawn = choice.drawn, choice.drawn and self.alignment.learns
        y = (torch.arange(self.rows) + 0.5) / self.rows
        x = (torch.arange(self.columns) + 0.5) / self.columns
        place_N2 = torch.stack([x.repeat(self.rows), y.repeat_interleave(self.columns)], 1)
        self.register_buffer("place_N2", place_N2, persistent=False)

    def encode(self, image_BCHW: Tensor, boxes_BN4: Tensor, key: ImageKey = NO_KEY) -> ItemFeatures:
        map_BNC = self.encoder.encode(image_BCHW, key).flatten(2).transpose(1, 2)
        item_BND = torch.cat([map_BNC, (2 * self.place_N2 - 1).expand(len(map_BNC), -1, -1)], -1)
        key_BNK = self.alignment.keys(self.choice.compared(item_BND))
        return ItemFeatures(item_BND, key_BNK, self.choice.softening(item_BND))

    def global_feature(self, features: ItemFeatures) -> Tensor:
        return features.item.mean(1)

    def forward(self, features: ItemFeatures, query_RS: Tensor, step: int, draw: Draw) -> Glimpse:
        images = len(features.item)
        query_BSQ = query_RS.unflatten(0, (images, -1))
        scores_RN = self.alignment(features.key, query_BSQ).flatten(0, 1)
        where = self.choice(scores_RN, features.softened.repeat_interleave(len(query_RS) // images, 0))
        weights_RN = draw(where)
        code_RD = (weights_RN.unflatten(0, (images, -1)) @ features.item).flatten(0, 1)
        return Glimpse(self.gate(code_RD, query_RS), weights_RN, where.log_prob(weights_RN), where.expectation())

    def attention_map(self, where: Tensor, side: tuple[int, int]) -> Tensor:
        grid_R1hw = where.unflatten(-1, (1, self.rows, self.columns))
        map_RHW = interpolate(grid_R1hw, size=side, mode="bilinear", align_corners=False).squeeze(1)
        return map_RHW / map_RHW.amax((-2, -1), keepdim=True).clamp(min=1e-12)

    def fixation(self, where: Tensor) -> Tensor:
        side_2 = torch.tensor([self.side[1], self.side[0]], device=where.device)
        return self.place_N2[where.argmax(-1)] * side_2

    def policy_parameters(self) -> list[nn.Parameter]:
        return list(self.alignment.parameters()) if self.drawn else []
