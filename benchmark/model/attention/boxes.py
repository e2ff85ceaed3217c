"""Item-wise attention over regions instead of a grid: the annotated boxes of an image (Jin et al. 2015).

Axes: B images, S trajectories, R = B * S rows, N items, C channels, h x w cells of the encoder's map.
"""

from typing import NamedTuple, final

import torch
from torch import Tensor

from benchmark.common.constants import constant
from benchmark.model.attention.base import NO_GLIMPSE, Glimpse, Past
from benchmark.model.attention.distribution import Draw
from benchmark.model.attention.grid import edges, peaked
from benchmark.model.attention.item import AttentionOverItems
from datamodules.contract import NO_KEY, ImageKey


class Regions(NamedTuple):
    """item: (B, N, D). key: (B, N, K) items for the alignment. box: (B, N, 4) corners (x0, y0, x1, y1) in pixels. real:
    (B, N) false for padding. softened: (B,) see `ItemChoice.softening`.
    """

    item: Tensor
    key: Tensor
    box: Tensor
    real: Tensor
    softened: Tensor


def covered(low: Tensor, high: Tensor, edge_e: Tensor) -> Tensor:
    """(..., cells) the fraction, 0 to 1, of each cell of a line that lies between low and high. edge_e: their ends."""
    first_c, last_c = edge_e[:-1], edge_e[1:]
    part = torch.minimum(high[..., None], last_c) - torch.maximum(low[..., None], first_c)
    return part.clamp(min=0) / (last_c - first_c).clamp(min=1e-6)


@final
class BoxAttention(AttentionOverItems):
    """Soft or hard attention over the boxes of an image. The whole image is the first item, so that an image without
    boxes has one.

    An item is the mean of the feature map over its box, cells at the edge weighted by their overlap, and the box's
    corners in [-1, 1]. A cell reaches half-way to the next centre of a receptive field. The paper's regions come from
    selective search, filtered by a classifier; here they are the data set's annotations. `where` is (R, N, 5): each
    item's attention weight and its box.
    """

    position_size = 4
    reads_annotations = True

    def encode(self, image_BCHW: Tensor, boxes_BN4: Tensor, key: ImageKey = NO_KEY) -> Regions:
        whole_4 = constant([0.0, 0.0, self.width, self.height], boxes_BN4)
        box_BN4 = torch.cat([whole_4.expand(len(boxes_BN4), 1, 4), boxes_BN4], 1)
        side_4 = whole_4[2:].repeat(2)
        box_BN4 = torch.minimum(box_BN4.clamp(min=0), side_4)
        real_BN = (box_BN4[..., 2:] > box_BN4[..., :2]).all(-1)  # false for padding, which is NaN
        box_BN4 = torch.where(real_BN[..., None], box_BN4, whole_4)
        y_BNh = covered(box_BN4[..., 1], box_BN4[..., 3], edges(self.grid.row_h, self.height))
        x_BNw = covered(box_BN4[..., 0], box_BN4[..., 2], edges(self.grid.column_w, self.width))
        share_BNc = (y_BNh[..., None] * x_BNw[..., None, :]).flatten(2)
        share_BNc = share_BNc / share_BNc.sum(-1, keepdim=True)
        seen_BNC = share_BNc @ self.encoder.encode(image_BCHW, key).flatten(2).transpose(1, 2)
        item_BND = torch.cat([seen_BNC, 2 * box_BN4 / side_4 - 1], -1)
        key_BNK = self.alignment.keys(self.choice.alignment_input(item_BND))
        return Regions(item_BND, key_BNK, box_BN4, real_BN, self.choice.softening(item_BND))

    def global_feature(self, features: Regions) -> Tensor:
        return features.item[:, 0]

    def forward(self, features: Regions, query_RS: Tensor, step: int, draw: Draw, past: Past = NO_GLIMPSE) -> Glimpse:
        images = len(features.item)
        samples = len(query_RS) // images
        score_RN = self.alignment(features.key, query_RS.unflatten(0, (images, -1))).flatten(0, 1)
        real_RN = features.real.repeat_interleave(samples, 0)
        code_RD, weights_RN, *probabilities = self.attend(
            score_RN, features.item, features.softened, query_RS, draw, real_RN
        )
        where_RN5 = torch.cat([weights_RN[..., None], features.box.repeat_interleave(samples, 0)], -1)
        return Glimpse(code_RD, where_RN5, *probabilities)

    def attention_map(self, where: Tensor, side: tuple[int, int]) -> Tensor:
        height, width = side
        scale_4 = constant([width / self.width, height / self.height], where).repeat(2)
        box_RN4 = where[..., 1:] * scale_4
        y_RNH = covered(box_RN4[..., 1], box_RN4[..., 3], torch.arange(height + 1.0, device=where.device))
        x_RNW = covered(box_RN4[..., 0], box_RN4[..., 2], torch.arange(width + 1.0, device=where.device))
        return peaked(torch.einsum("rn,rnh,rnw->rhw", where[..., 0], y_RNH, x_RNW))

    def fixation(self, where: Tensor) -> Tensor:
        best_R4 = where[torch.arange(len(where)), where[..., 0].argmax(-1), 1:]
        return (best_R4[:, :2] + best_R4[:, 2:]) / 2
