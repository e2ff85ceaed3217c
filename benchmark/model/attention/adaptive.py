"""Adaptive attention with a visual sentinel (Lu et al. 2017): at each time step the model can attend to its own memory
instead of the image.

Axes: B images, S trajectories, R = B * S rows, N items on a grid, H size of a state, K size of the alignment.
"""

from collections.abc import Callable
from typing import NamedTuple, final

import torch
from torch import Tensor, nn

from benchmark.model.attention.base import NO_GLIMPSE, Attention, Glimpse, Past
from benchmark.model.attention.distribution import Draw, PointMass, random_items
from benchmark.model.attention.grid import CellGrid
from benchmark.model.encoder.base import Encoder
from datamodules.contract import NO_KEY, ImageKey, TaskSpec
from datamodules.ranges import Width


class AdaptiveFeatures(NamedTuple):
    """mean: (B, C) of the feature map. item: (B, N, H) projected cells. key: (B, N, K) items for the alignment."""

    mean: Tensor
    item: Tensor
    key: Tensor


@final
class AdaptiveAttention(Attention):
    """c = beta s + (1 - beta) sum_i alpha_i v_i: soft attention over N items and the sentinel s, a gated read-out of
    the LSTM's memory; beta is the sentinel's attention weight.

    v_i = relu(W a_i); scores are w . tanh(W_v v_i + W_g h) and w . tanh(W_s s + W_g h), under one softmax. Unlike in
    Show, Attend and Tell, h has already been updated with the symbol before: the query is [h; s] of the decoder
    `sentinel`. `where` is (R, N + 1) attention weights, the sentinel's last.
    """

    drawn = False
    query_width = 2

    def __init__(
        self, spec: TaskSpec, query_size: int, encoder: Callable[[tuple[int, int, int]], Encoder], size: Width
    ):
        super().__init__()
        self.encoder = encoder(spec.image_shape)
        self.global_feature_size = self.encoder.shape[0]
        self.code_size, self.grid = query_size, CellGrid(self.encoder, spec.image_shape[1:])
        self.project = nn.Linear(self.global_feature_size, query_size)
        self.of_item = nn.Linear(query_size, size, bias=False)
        self.of_sentinel = nn.Linear(query_size, size, bias=False)
        self.of_state = nn.Linear(query_size, size)
        self.score = nn.Linear(size, 1, bias=False)

    def encode(self, image_BCHW: Tensor, boxes_BN4: Tensor, key: ImageKey = NO_KEY) -> AdaptiveFeatures:
        map_BNC = self.encoder.encode(image_BCHW, key).flatten(2).transpose(1, 2)
        item_BNH = self.project(map_BNC).relu()
        return AdaptiveFeatures(map_BNC.mean(1), item_BNH, self.of_item(item_BNH))

    def global_feature(self, features: AdaptiveFeatures) -> Tensor:
        return features.mean

    def forward(
        self, features: AdaptiveFeatures, query_RS: Tensor, step: int, draw: Draw, past: Past = NO_GLIMPSE
    ) -> Glimpse:
        images = len(features.item)
        hidden_RH, sentinel_RH = query_RS.chunk(2, -1)
        state_RK = self.of_state(hidden_RH)
        key_BSNK = features.key[:, None] + state_RK.unflatten(0, (images, -1))[:, :, None]
        item_score_RN = self.score(key_BSNK.tanh()).squeeze(-1).flatten(0, 1)
        score_RN = torch.cat([item_score_RN, self.score((self.of_sentinel(sentinel_RH) + state_RK).tanh())], -1)
        where = PointMass(score_RN.softmax(-1), lambda: random_items(score_RN))
        weights_RN = draw(where)
        attended_RH = (weights_RN[:, :-1].unflatten(0, (images, -1)) @ features.item).flatten(0, 1)
        code_RH = attended_RH + weights_RN[:, -1:] * sentinel_RH
        return Glimpse(code_RH, weights_RN, where.log_prob(weights_RN), where.expectation())

    def attention_map(self, where: Tensor, side: tuple[int, int]) -> Tensor:
        """The items' weights as a map with maximum 1, scaled by 1 - beta: dark where the sentinel has the weight."""
        return self.grid.map(where[:, :-1], side) * (1 - where[:, -1, None, None])

    def fixation(self, where: Tensor) -> Tensor:
        return self.grid.centre(where[:, :-1].argmax(-1))

    def policy_parameters(self) -> list[nn.Parameter]:
        return []
