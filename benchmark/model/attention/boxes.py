"""Attention over regions instead of a grid: items are what lies in the boxes that come with an image (Jin et al. 2015).

Axes: B images, S trajectories, R = B * S rows, N items, C channels, h x w cells of the encoder's map.
"""

from collections.abc import Callable
from typing import NamedTuple, final

import torch
from torch import Tensor, nn

from benchmark.common.constants import constant
from benchmark.model.attention.alignment.base import Alignment
from benchmark.model.attention.base import Attention, Glimpse
from benchmark.model.attention.distribution import Draw
from benchmark.model.attention.gate import Gate
from benchmark.model.attention.item import ItemChoice
from benchmark.model.encoder.base import Encoder
from datamodules.contract import NO_KEY, ImageKey, TaskSpec


class Regions(NamedTuple):
    """item (B, N, D) and key (B, N, K) of each image; box (B, N, 4) in pixels; real (B, N); softened (B,)."""

    item: Tensor
    key: Tensor
    box: Tensor
    real: Tensor
    softened: Tensor


def covered(low: Tensor, high: Tensor, cells: int, side: int) -> Tensor:
    """(..., cells) how much of each cell of a line of `side` pixels lies between low and high, in cells."""
    edge_c = torch.arange(cells, device=low.device, dtype=low.dtype)
    low, high = low[..., None] * cells / side, high[..., None] * cells / side
    return (torch.minimum(high, edge_c + 1) - torch.maximum(low, edge_c)).clamp(min=0)


@final
class BoxAttention(Attention):
    """Soft or hard attention over the boxes of an image and, first of them, the image as a whole, so that none is
    without an item.

    An item is the mean of the encoder's map over the box, cells at its edge by their share, and the box's corners in
    [-1, 1]. The paper has its regions from selective search, filtered by a classifier; here they are the data's.
    `where` is (R, N, 5): each item's weight and box.
    """

    reads_annotations = True

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
        self.code_size = self.global_feature_size = channels + 4
        self.height, self.width = spec.image_shape[1:]
        self.alignment = alignment(item_size=self.code_size, query_size=query_size)
        self.gate = gate(query_size=query_size, code_size=self.code_size)
        self.choice = choice
        self.takes_expectation, self.drawn = choice.drawn, choice.drawn and self.alignment.learns

    def encode(self, image_BCHW: Tensor, boxes_BN4: Tensor, key: ImageKey = NO_KEY) -> Regions:
        whole_4 = constant([0.0, 0.0, self.width, self.height], boxes_BN4)
        box_BN4 = torch.cat([whole_4.expand(len(boxes_BN4), 1, 4), boxes_BN4], 1)
        side_4 = whole_4[2:].repeat(2)
        box_BN4 = torch.minimum(box_BN4.clamp(min=0), side_4)
        real_BN = (box_BN4[..., 2:] > box_BN4[..., :2]).all(-1)  # false for a box of NaN
        box_BN4 = torch.where(real_BN[..., None], box_BN4, whole_4)
        y_BNh = covered(box_BN4[..., 1], box_BN4[..., 3], self.rows, self.height)
        x_BNw = covered(box_BN4[..., 0], box_BN4[..., 2], self.columns, self.width)
        share_BNc = (y_BNh[..., None] * x_BNw[..., None, :]).flatten(2)
        share_BNc = share_BNc / share_BNc.sum(-1, keepdim=True)
        seen_BNC = share_BNc @ self.encoder.encode(image_BCHW, key).flatten(2).transpose(1, 2)
        item_BND = torch.cat([seen_BNC, 2 * box_BN4 / side_4 - 1], -1)
        key_BNK = self.alignment.keys(self.choice.compared(item_BND))
        return Regions(item_BND, key_BNK, box_BN4, real_BN, self.choice.softening(item_BND))

    def global_feature(self, features: Regions) -> Tensor:
        return features.item[:, 0]

    def forward(self, features: Regions, query_RS: Tensor, step: int, draw: Draw) -> Glimpse:
        images = len(features.item)
        samples = len(query_RS) // images
        score_BSN = self.alignment(features.key, query_RS.unflatten(0, (images, -1)))
        # Not minus infinity: a gradient of its product with zero is no number.
        score_RN = score_BSN.masked_fill(~features.real[:, None], -1e4).flatten(0, 1)
        where = self.choice(score_RN, features.softened.repeat_interleave(samples, 0))
        weights_RN = draw(where)
        code_RD = (weights_RN.unflatten(0, (images, -1)) @ features.item).flatten(0, 1)
        where_RN5 = torch.cat([weights_RN[..., None], features.box.repeat_interleave(samples, 0)], -1)
        log_prob_R, chance_RN = where.log_prob(weights_RN), where.expectation()
        return Glimpse(self.gate(code_RD, query_RS), where_RN5, log_prob_R, chance_RN)

    def attention_map(self, where: Tensor, side: tuple[int, int]) -> Tensor:
        height, width = side
        scale_4 = constant([width / self.width, height / self.height], where).repeat(2)
        box_RN4 = where[..., 1:] * scale_4
        y_RNH = covered(box_RN4[..., 1], box_RN4[..., 3], height, height)
        x_RNW = covered(box_RN4[..., 0], box_RN4[..., 2], width, width)
        map_RHW = torch.einsum("rn,rnh,rnw->rhw", where[..., 0], y_RNH, x_RNW)
        return map_RHW / map_RHW.amax((-2, -1), keepdim=True).clamp(min=1e-12)

    def fixation(self, where: Tensor) -> Tensor:
        best_R4 = where[torch.arange(len(where)), where[..., 0].argmax(-1), 1:]
        return (best_R4[:, :2] + best_R4[:, 2:]) / 2

    def policy_parameters(self) -> list[nn.Parameter]:
        return list(self.alignment.parameters()) if self.drawn else []
