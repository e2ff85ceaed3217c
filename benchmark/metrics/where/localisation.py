"""Fixations scored against annotated boxes.

Axes: B images, T time steps, M glimpses before each symbol, G = T * M glimpses in temporal order, N boxes;
fixations are pixels (x, y).
"""

from typing import NamedTuple

import torch
from torch import Tensor


class Localisation(NamedTuple):
    """Per image, NaN where it is undefined (no box, no glimpse, or one without a fixation).

    hit_rate: (B,) share of fixations inside any box, in [0, 1].
    first_distance: (B,) distance in pixels from the first fixation to the nearest box's centre.
    aim_distance: (B,) distance in pixels from a box's centre to the nearest fixation, the mean over boxes.
    coverage: (B,) share of boxes with at least one fixation, in [0, 1].
    all_covered: (B,) 1 where every box has one, else 0.
    switches: (B,) moves from one box to another, fixations outside of all boxes left out. To visit N boxes one after
        the other takes N - 1; more are returns to one that was left. A fixation in several boxes is in the nearest.
    """

    hit_rate: Tensor
    first_distance: Tensor
    aim_distance: Tensor
    coverage: Tensor
    all_covered: Tensor
    switches: Tensor


def localisation(fixation_BTM2: Tensor, boxes_BN4: Tensor, emitted_BT: Tensor) -> Localisation:
    """The scores of one trajectory's fixations. boxes_BN4: (x0, y0, x1, y1), half open; rows of NaN are padding.
    emitted_BT: bool, whether a symbol was emitted at the step; glimpses after the last symbol are ignored.
    """
    fixation_BG2, taken_BG = fixation_BTM2.flatten(1, 2), emitted_BT.repeat_interleave(fixation_BTM2.shape[2], 1)
    # One more padding box, so that data sets without boxes (N = 0) need no case of their own.
    boxes_BN4 = torch.cat([boxes_BN4, boxes_BN4.new_full((len(boxes_BN4), 1, 4), float("nan"))], 1)
    low_BN2, high_BN2 = boxes_BN4[..., :2], boxes_BN4[..., 2:]
    point_BG12 = fixation_BG2[:, :, None]
    inside_BGN = ((point_BG12 >= low_BN2[:, None]) & (point_BG12 < high_BN2[:, None])).all(-1) & taken_BG[..., None]
    real_BN = ~boxes_BN4.isnan().any(-1)
    known_B = real_BN.any(-1) & taken_BG.any(-1) & ~(fixation_BG2.isnan().any(-1) & taken_BG).any(-1)
    centre_BN2 = (low_BN2 + high_BN2) / 2
    counts_BGN = real_BN[:, None] & taken_BG[..., None]
    distance_BGN = (point_BG12 - centre_BN2[:, None]).norm(dim=-1).masked_fill(~counts_BGN, torch.inf)
    nearest_B, boxes_B = distance_BGN[:, 0].amin(-1), real_BN.sum(-1).clamp(min=1)
    aim_B = distance_BGN.amin(1).masked_fill(~real_BN, 0.0).sum(-1) / boxes_B
    touched_BN = inside_BGN.any(1) & real_BN
    covered_B = touched_BN.sum(-1) / boxes_B
    switches_B = switches(inside_BGN, distance_BGN)
    hits_B = inside_BGN.any(-1).sum(-1) / taken_BG.sum(-1).clamp(min=1)
    values = (hits_B, nearest_B, aim_B, covered_B, (covered_B == 1).float(), switches_B)
    return Localisation(*(value.masked_fill(~known_B, torch.nan) for value in values))


def switches(inside_BGN: Tensor, distance_BGN: Tensor) -> Tensor:
    """(B,) how often the box that is looked at differs from the one looked at before."""
    here_BG = distance_BGN.masked_fill(~inside_BGN, torch.inf).argmin(-1)
    # The last glimpse in a box, up to each: -1 before the first one.
    time_BG = torch.arange(inside_BGN.shape[1], device=here_BG.device).expand_as(here_BG)
    last_BG = time_BG.where(inside_BGN.any(-1), -1).cummax(1).values
    box_BG = here_BG.gather(1, last_BG.clamp(min=0))
    moved_BG = (box_BG[:, 1:] != box_BG[:, :-1]) & (last_BG[:, :-1] >= 0)
    return moved_BG.sum(-1).float()
