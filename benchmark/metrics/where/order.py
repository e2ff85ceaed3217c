"""Whether a model that reads a sequence fixates its objects in reading order.

Axes: B images, T time steps, M glimpses before each symbol, N boxes in reading order; fixations are pixels (x, y).
"""

from typing import NamedTuple

import torch
from torch import Tensor


class Order(NamedTuple):
    """Per image, in [0, 1], NaN where it is undefined.

    on_its_digit: (B,) share of the fixations before symbol j that lie in box j, averaged over the boxes.
    in_order: (B,) share of the steps from one box's symbol to the next at which the mean fixation moved in the
        direction of the next box (positive inner product with the displacement of the centres); 1/2 is chance level.
    """

    on_its_digit: Tensor
    in_order: Tensor


def order(fixation_BTM2: Tensor, boxes_BN4: Tensor, emitted_BT: Tensor) -> Order:
    """The scores of one trajectory's fixations. Boxes beyond T and symbols beyond N are ignored.
    emitted_BT: bool, whether a symbol was emitted at the step; steps after the last symbol are ignored.

    With T = 1 all is NaN: there is no order, and no object belongs to the symbol more than another.
    """
    steps = fixation_BTM2.shape[1]
    # Padded with boxes of NaN to one per symbol, so that data sets without boxes (N = 0) need no case of their own.
    missing_BT4 = boxes_BN4.new_full((len(boxes_BN4), steps, 4), torch.nan)
    low_BT2, high_BT2 = torch.cat([boxes_BN4, missing_BT4], 1)[:, :steps].split(2, -1)
    real_BT = ~(low_BT2.isnan() | high_BT2.isnan()).any(-1) & emitted_BT
    inside_BTM = ((fixation_BTM2 >= low_BT2[:, :, None]) & (fixation_BTM2 < high_BT2[:, :, None])).all(-1)
    known_B = ~(fixation_BTM2.isnan().any((-2, -1)) & emitted_BT).any(-1) & (steps > 1)
    look_BT2, centre_BT2 = fixation_BTM2.mean(2), (low_BT2 + high_BT2) / 2
    moved_Bt = (look_BT2.diff(dim=1) * centre_BT2.diff(dim=1)).sum(-1) > 0
    both_Bt = real_BT[:, 1:] & real_BT[:, :-1]
    return Order(
        share(inside_BTM.float().mean(-1), real_BT).masked_fill(~known_B, torch.nan),
        share(moved_Bt.float(), both_Bt).masked_fill(~known_B, torch.nan),
    )


def share(value_BT: Tensor, counts_BT: Tensor) -> Tensor:
    """(B,) the mean of the entries that count; NaN where none does."""
    return (value_BT * counts_BT).sum(-1) / counts_BT.sum(-1)
