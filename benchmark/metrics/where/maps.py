"""Where the attention maps of a trajectory lie, and whether they move: for mechanisms of every kind alike.

Axes: B images, T symbols, M glimpses before each, G = T * M glimpses in order, H rows, W columns, N boxes. A map is in
[0, 1]; one that is the same everywhere says nothing of a place.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d

CELLS = 14
"""A side: how finely entropy and change are told, and the grid of Show, Attend and Tell."""
HALF = 0.5
"""The share of its highest value from which on a pixel is taken to be looked at."""
FLAT = 0.9999
"""The share of its highest value above which all of a map lies where nothing is chosen."""
BLUR = 4
"""The image's side over that of the blur that finds the middle of a flat peak, a window's, up to half an image wide."""
TIE = 1e-3
"""How much that blur weighs: it only decides between pixels that are as high."""


class MapScores(NamedTuple):
    """Per image, NaN where it can't be told.

    pointing: (B,) one if the peak of the mean map lies in a box (the pointing game, Zhang et al. 2016).
    iou: (B,) of the box around all that was looked at with the box it overlaps best. mass: (B,) share of the mean map
    inside the boxes. entropy: (B,) mean over looks of a map's, over that of a flat one: 0 a single cell, 1 everywhere.
    change: (B,) mean over steps of half the absolute difference between maps: 0 stands still, 1 goes elsewhere.
    """

    pointing: Tensor
    iou: Tensor
    mass: Tensor
    entropy: Tensor
    change: Tensor


def looks(maps: Callable[[Tensor], Tensor], where_BTMx: Tensor, said_BT: Tensor, boxes_BN4: Tensor) -> MapScores:
    """maps: (B, ...) places to (B, H, W), as the mechanism draws them. said_BT: whether there is a symbol; looks after
    the last one count for nothing.
    """
    where_BGx, counts_BG = where_BTMx.flatten(1, 2), said_BT.repeat_interleave(where_BTMx.shape[2], 1)
    mean_BHW, most_BHW = torch.zeros(()), torch.zeros(())
    told_B, still_B = counts_BG.sum(1), (counts_BG[:, 1:] & counts_BG[:, :-1]).sum(1)
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
        *placed(mean_BHW, most_BHW, boxes_BN4),
        entropy_B / told_B / most,
        change_B / still_B,
    )
    return MapScores(*(value.masked_fill(flat_B, torch.nan) for value in found))


def drawn(maps: Callable[[Tensor], Tensor], where_BGx: Tensor, counts_BG: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """The map of each look, and whether it counts; one at a time, because all at once may be larger than the model."""
    for place, counts_B in zip(where_BGx.unbind(1), counts_BG.unbind(1), strict=True):
        yield maps(place), counts_B


def placed(mean_BHW: Tensor, most_BHW: Tensor, boxes_BN4: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """pointing, iou and mass of Looks."""
    width = mean_BHW.shape[2]
    # A box of NaN, put last, stands for "no box", so that data without any need no rule of their own.
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
    """(B, H, W) which pixels lie in some box; NaN is no box."""
    low_BN2, high_BN2 = boxes_BN4[..., :2], boxes_BN4[..., 2:]
    y_H, x_W = (torch.arange(side, device=map_BHW.device) + 0.5 for side in map_BHW.shape[1:])
    across_BNW = (x_W >= low_BN2[..., :1]) & (x_W < high_BN2[..., :1])
    down_BNH = (y_H >= low_BN2[..., 1:]) & (y_H < high_BN2[..., 1:])
    return torch.einsum("bnh,bnw->bhw", down_BNH.float(), across_BNW.float()) > 0


def blurred(map_BHW: Tensor) -> Tensor:
    size = max(map_BHW.shape[1:]) // BLUR // 2 * 2 + 1
    across_B1HW = avg_pool2d(map_BHW[:, None], (1, size), 1, (0, size // 2))
    return avg_pool2d(across_B1HW, (size, 1), 1, (size // 2, 0))[:, 0]


def ends(seen_BL: Tensor) -> tuple[Tensor, Tensor]:
    """First and past the last place that is true."""
    length = seen_BL.shape[1]
    return seen_BL.int().argmax(-1), length - seen_BL.flip(-1).int().argmax(-1)
