"""Attention maps of a trajectory scored against boxes, their entropy and their change; the same for all mechanisms.

Axes: B images, T time steps, M glimpses before each symbol, G = T * M glimpses in temporal order, H rows, W columns, N
boxes. Maps are in [0, 1]. Images whose maps are constant have no location, and all their scores are NaN.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d

CELLS = 14
"""Side of the grid on which entropy and change are computed: the 14 x 14 of Show, Attend and Tell."""
HALF = 0.5
"""Threshold, as a share of a map's maximum, from which on a pixel counts as attended."""
FLAT = 0.9999
"""A map counts as constant if its minimum is above this share of its maximum."""
BLUR = 4
"""Image side / side of the box blur that finds the centre of a plateau (a window's map is one, up to half an image
wide).
"""
TIE = 1e-3
"""Weight of that blur: it only breaks ties between equal pixels."""


class MapScores(NamedTuple):
    """Per image, each in [0, 1], NaN where it is undefined.

    pointing: (B,) 1 if the peak of the mean map lies in a box (the pointing game, Zhang et al. 2016), else 0.
    iou: (B,) IoU of the bounding box of all attended pixels with the box it overlaps best.
    mass: (B,) share of the mean map's mass inside the boxes.
    entropy: (B,) mean over glimpses of a map's entropy divided by that of a uniform map: 0 one cell, 1 uniform.
    change: (B,) mean total variation distance between consecutive maps: 0 identical, 1 disjoint.
    """

    pointing: Tensor
    iou: Tensor
    mass: Tensor
    entropy: Tensor
    change: Tensor


def map_scores(maps: Callable[[Tensor], Tensor], where_BTMx: Tensor, valid_BT: Tensor, boxes_BN4: Tensor) -> MapScores:
    """The scores of one trajectory. maps: from the glimpses of one step, (B, ...), to their attention maps, (B, H, W).
    valid_BT: bool, whether a symbol was emitted at the step; glimpses after the last symbol are ignored.
    """
    where_BGx, counts_BG = where_BTMx.flatten(1, 2), valid_BT.repeat_interleave(where_BTMx.shape[2], 1)
    mean_BHW, most_BHW = torch.zeros(()), torch.zeros(())
    glimpses_B, changes_B = counts_BG.sum(1), (counts_BG[:, 1:] & counts_BG[:, :-1]).sum(1)
    entropy_B, change_B = torch.zeros(()), torch.zeros(())
    before_BC = None
    for map_BHW, counts_B in drawn(maps, where_BGx, counts_BG):
        peak_B11 = map_BHW.amax((1, 2), keepdim=True).clamp(min=1e-12)
        mean_BHW = mean_BHW + map_BHW * counts_B[:, None, None]
        most_BHW = torch.maximum(most_BHW, map_BHW / peak_B11 * counts_B[:, None, None])
        cell_BC = adaptive_avg_pool2d(map_BHW[:, None], CELLS).flatten(1)
        cell_BC = cell_BC / cell_BC.sum(1, keepdim=True).clamp(min=1e-12)
        entropy_B = entropy_B + counts_B * torch.special.entr(cell_BC).sum(1)
        if before_BC is not None:
            change_B = change_B + counts_B * (cell_BC - before_BC).abs().sum(1) / 2
        before_BC = cell_BC
    flat_B = most_BHW.amin((1, 2)) > FLAT
    most = torch.tensor(CELLS**2).log().to(entropy_B)
    found = (
        *_box_scores(mean_BHW, most_BHW, boxes_BN4),
        entropy_B / glimpses_B / most,
        change_B / changes_B,
    )
    return MapScores(*(value.masked_fill(flat_B, torch.nan) for value in found))


def drawn(maps: Callable[[Tensor], Tensor], where_BGx: Tensor, counts_BG: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """The map of each glimpse and whether it counts; one at a time, since all at once may exceed the model's memory."""
    for place, counts_B in zip(where_BGx.unbind(1), counts_BG.unbind(1), strict=True):
        yield maps(place), counts_B


def _box_scores(mean_BHW: Tensor, most_BHW: Tensor, boxes_BN4: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """pointing, iou and mass of MapScores, (B,) each; NaN for images without a box."""
    width = mean_BHW.shape[2]
    # One more padding box, so that data sets without boxes (N = 0) need no case of their own.
    boxes_BN4 = torch.cat([boxes_BN4, boxes_BN4.new_full((len(boxes_BN4), 1, 4), torch.nan)], 1)
    low_BN2, high_BN2 = boxes_BN4[..., :2], boxes_BN4[..., 2:]
    none_B = boxes_BN4.isnan().any(-1).all(-1)

    peak_B = (mean_BHW + TIE * blurred(blurred(mean_BHW))).flatten(1).argmax(-1)
    point_B12 = torch.stack([peak_B % width, peak_B // width], -1)[:, None] + 0.5
    pointing_B = ((point_B12 >= low_BN2) & (point_B12 < high_BN2)).all(-1).any(-1).float()

    seen_BHW = most_BHW >= HALF
    columns_BW, rows_BH = seen_BHW.any(1), seen_BHW.any(2)
    left_B, right_B = ends(columns_BW)
    top_B, bottom_B = ends(rows_BH)
    mine_B12, to_B12 = torch.stack([left_B, top_B], -1)[:, None], torch.stack([right_B, bottom_B], -1)[:, None]
    common_BN = (torch.minimum(high_BN2, to_B12) - torch.maximum(low_BN2, mine_B12)).clamp(min=0).prod(-1)
    both_BN = (high_BN2 - low_BN2).prod(-1) + (to_B12 - mine_B12).prod(-1) - common_BN
    iou_B = (common_BN / both_BN).nan_to_num(0.0).amax(-1)

    mass_B = (mean_BHW * inside(boxes_BN4, mean_BHW)).sum((1, 2)) / mean_BHW.sum((1, 2))
    pointing_B, iou_B, mass_B = (value.masked_fill(none_B, torch.nan) for value in (pointing_B, iou_B, mass_B))
    return pointing_B, iou_B, mass_B


def inside(boxes_BN4: Tensor, map_BHW: Tensor) -> Tensor:
    """(B, H, W) bool: which pixels' centres lie in any box; rows of NaN are no boxes."""
    low_BN2, high_BN2 = boxes_BN4[..., :2], boxes_BN4[..., 2:]
    y_H, x_W = (torch.arange(side, device=map_BHW.device) + 0.5 for side in map_BHW.shape[1:])
    across_BNW = (x_W >= low_BN2[..., :1]) & (x_W < high_BN2[..., :1])
    down_BNH = (y_H >= low_BN2[..., 1:]) & (y_H < high_BN2[..., 1:])
    return torch.einsum("bnh,bnw->bhw", down_BNH.float(), across_BNW.float()) > 0


def blurred(map_BHW: Tensor) -> Tensor:
    """(B, H, W) maps after a box blur of odd side, about 1 / BLUR of the image's longer side."""
    size = max(map_BHW.shape[1:]) // BLUR // 2 * 2 + 1
    across_B1HW = avg_pool2d(map_BHW[:, None], (1, size), 1, (0, size // 2))
    return avg_pool2d(across_B1HW, (size, 1), 1, (size // 2, 0))[:, 0]


def ends(seen_BL: Tensor) -> tuple[Tensor, Tensor]:
    """(B,) index of the first true entry, and (B,) that after the last one."""
    length = seen_BL.shape[1]
    return seen_BL.int().argmax(-1), length - seen_BL.flip(-1).int().argmax(-1)
