"""Item-wise attention (eqs 9-17): the image is encoded as items once; each glimpse is their weighted mean (soft) or a
sample of them (hard).

Axes: B images, S trajectories, R = B * S rows, N = h * w items on a grid, D size of an item.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NamedTuple, final

import torch
from torch import Tensor, nn

from benchmark.model.attention.alignment.base import Alignment
from benchmark.model.attention.base import NO_GLIMPSE, Attention, Glimpse, Past
from benchmark.model.attention.distribution import (
    CategoricalItems,
    Draw,
    Evidence,
    GlimpseDistribution,
    PointMass,
    possible_scores,
    random_items,
)
from benchmark.model.attention.gate import Gate
from benchmark.model.attention.grid import CellGrid
from benchmark.model.attention.softening import Softening
from benchmark.model.encoder.base import Encoder
from datamodules.contract import NO_KEY, ImageKey, TaskSpec
from datamodules.ranges import Positive


class ItemChoice(nn.Module, ABC):
    """From scores to a distribution over glimpses: the one part in which soft and hard attention differ.

    drawn: whether an item is sampled.
    """

    drawn: bool

    @abstractmethod
    def softening(self, item_BND: Tensor) -> Tensor:
        """(B,) probability that a glimpse of each image is the expectation instead of a sample; once a batch."""

    @abstractmethod
    def forward(self, scores_RN: Tensor, softened_R: Tensor, possible_RN: Tensor | None = None) -> GlimpseDistribution:
        """The distribution over (R, N) weights of the items. softened_R, possible_RN: see `CategoricalItems`."""

    @abstractmethod
    def alignment_input(self, item_BND: Tensor) -> Tensor:
        """The items that the alignment network reads: with gradient, or detached from the encoder."""


@final
class ExpectedItem(ItemChoice):
    """Soft attention: the weights are softmax(scores / temperature), the code is the expectation (eqs 12-14)."""

    drawn = False

    def __init__(self, temperature: Positive):
        super().__init__()
        self.temperature = temperature

    def softening(self, item_BND: Tensor) -> Tensor:
        return item_BND.new_zeros(len(item_BND))

    def forward(self, scores_RN: Tensor, softened_R: Tensor, possible_RN: Tensor | None = None) -> GlimpseDistribution:
        scores_RN = possible_scores(scores_RN / self.temperature, possible_RN)
        return PointMass(scores_RN.softmax(-1), lambda: random_items(scores_RN, possible_RN))

    def alignment_input(self, item_BND: Tensor) -> Tensor:
        return item_BND


@final
class SampledItem(ItemChoice):
    """Hard attention: one item is sampled from softmax(scores / temperature) (eqs 15-16).

    softened: which glimpses are the expectation instead of a sample, in training only.
    """

    drawn = True

    def __init__(self, temperature: Positive, softened: Softening):
        super().__init__()
        self.temperature, self.softened = temperature, softened

    def softening(self, item_BND: Tensor) -> Tensor:
        return self.softened(item_BND)

    def forward(self, scores_RN: Tensor, softened_R: Tensor, possible_RN: Tensor | None = None) -> GlimpseDistribution:
        return CategoricalItems(scores_RN / self.temperature, softened_R if self.training else None, possible_RN)

    def alignment_input(self, item_BND: Tensor) -> Tensor:
        # The policy gradient trains the alignment network only; the encoder is trained by the likelihood.
        return item_BND.detach()


class ItemFeatures(NamedTuple):
    """item: (B, N, D). key: (B, N, K) items for the alignment. softened: (B,) see `ItemChoice.softening`."""

    item: Tensor
    key: Tensor
    softened: Tensor


class AttentionOverItems(Attention, ABC):
    """Soft or hard attention over items of a feature map, each with its position: what grids and boxes share.

    position_size: numbers that describe an item's position, appended to its feature.
    """

    position_size: int
    place_gradient = True

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
        self.height, self.width = spec.image_shape[1:]
        self.grid = CellGrid(self.encoder, (self.height, self.width))
        self.code_size = self.global_feature_size = self.item_size = channels + self.position_size
        self.alignment = alignment(item_size=self.code_size, query_size=query_size)
        self.gate = gate(query_size=query_size, code_size=self.code_size)
        self.choice = choice
        self.takes_expectation, self.drawn = choice.drawn, choice.drawn and self.alignment.learns

    @final
    def attend(
        self, score_RN: Tensor, item_BND: Tensor, softened_B: Tensor, query_RS: Tensor, draw: Draw,
        possible_RN: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
        """The gated code (R, D), the attention weights (R, N), their log-probability (R,) and item_probs (R, N)."""
        images = len(item_BND)
        where = self.choice(score_RN, softened_B.repeat_interleave(len(query_RS) // images, 0), possible_RN)
        where = where.given(Evidence(lambda: item_BND, query_RS))
        weights_RN = draw(where)
        code_RD = (weights_RN.unflatten(0, (images, -1)) @ item_BND).flatten(0, 1)
        return self.gate(code_RD, query_RS), weights_RN, where.log_prob(weights_RN), where.expectation()

    @final
    def policy_parameters(self) -> list[nn.Parameter]:
        return list(self.alignment.parameters()) if self.drawn else []


@final
class ItemAttention(AttentionOverItems):
    """Attention over the cells of a convolutional feature map (Show, Attend and Tell).

    In eq 10 each item is encoded by itself; the cells of a feature map have overlapping receptive fields, as in Show,
    Attend and Tell. Each item carries its position (x, y in [-1, 1]): eq 20 omits it, and without it the order of two
    objects cannot be recognised. `where` is (R, N) attention weights.
    """

    position_size = 2
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
        super().__init__(spec, query_size, encoder, alignment, choice, gate)
        y = (torch.arange(self.rows) + 0.5) / self.rows
        x = (torch.arange(self.columns) + 0.5) / self.columns
        place_N2 = torch.stack([x.repeat(self.rows), y.repeat_interleave(self.columns)], 1)
        self.register_buffer("place_N2", place_N2, persistent=False)

    def encode(self, image_BCHW: Tensor, boxes_BN4: Tensor, key: ImageKey = NO_KEY) -> ItemFeatures:
        map_BNC = self.encoder.encode(image_BCHW, key).flatten(2).transpose(1, 2)
        item_BND = torch.cat([map_BNC, (2 * self.place_N2 - 1).expand(len(map_BNC), -1, -1)], -1)
        key_BNK = self.alignment.keys(self.choice.alignment_input(item_BND))
        return ItemFeatures(item_BND, key_BNK, self.choice.softening(item_BND))

    def global_feature(self, features: ItemFeatures) -> Tensor:
        return features.item.mean(1)

    def forward(
        self, features: ItemFeatures, query_RS: Tensor, step: int, draw: Draw, past: Past = NO_GLIMPSE
    ) -> Glimpse:
        images = len(features.item)
        query_BSQ = query_RS.unflatten(0, (images, -1))
        scores_RN = self.alignment(features.key, query_BSQ).flatten(0, 1)
        return Glimpse(*self.attend(scores_RN, features.item, features.softened, query_RS, draw))

    def attention_map(self, where: Tensor, side: tuple[int, int]) -> Tensor:
        return self.grid.map(where, side)

    def fixation(self, where: Tensor) -> Tensor:
        return self.grid.centre(where.argmax(-1))
