"""Whether a model that reads a sequence looks at its objects in turn.

Axes: B images, T symbols, M glimpses before each, N boxes in reading order; points are pixels (x, y).
"""

from typing import NamedTuple

import torch
from torch import Tensor


class Order(NamedTuple):
    """Per image, NaN where it can't be told.

    on_its_digit: (B,) share of the fixations before symbol j that lie in box j, over the boxes there are.
    in_order: (B,) share of the steps from one box's symbol to the next at which the looks moved towards where the next
        box lies of the last one; one half is chance.
    """

    on_its_digit: Tensor
    in_order: Tensor


def order(fixation_BTM2: Tensor, boxes_BN4: Tensor) -> Order:
    """Of the fixations of one trajectory. Boxes past T, and symbols past N, have no partner and count for nothing.

    A single symbol says nothing of an order, and of its objects none is the first: with T = 1 all is NaN.
    """
    steps = fixation_BTM2.shape[1]
    # Boxes of NaN, put last, so that each symbol has a box, and data without any need no rule of their own.
    missing_BT4 = boxes_BN4.new_full((len(boxes_BN4), steps, 4), torch.nan)
    low_BT2, high_BT2 = torch.cat([boxes_BN4, missing_BT4], 1)[:, :steps].split(2, -1)
    real_BT = ~(low_BT2.isnan() | high_BT2.isnan()).any(-1)
    inside_BTM = ((fixation_BTM2 >= low_BT2[:, :, None]) & (fixation_BTM2 < high_BT2[:, :, None])).all(-1)
    known_B = ~fixation_BTM2.isnan().flatten(1).any(-1) & (steps > 1)
    look_BT2, centre_BT2 = fixation_BTM2.mean(2), (low_BT2 + high_BT2) / 2
    moved_Bt = (look_BT2.diff(dim=1) * centre_BT2.diff(dim=1)).sum(-1) > 0
    both_Bt = real_BT[:, 1:] & real_BT[:, :-1]
    return Order(
        share(inside_BTM.float().mean(-1), real_BT).masked_fill(~known_B, torch.nan),
        share(moved_Bt.float(), both_Bt).masked_fill(~known_B, torch.nan),
    )


def share(value_BT: Tensor, counts_BT: Tensor) -> Tensor:
    """(B,) the mean over what counts; NaN where nothing does."""
    return (value_BT * counts_BT).sum(-1) / counts_BT.sum(-1)
