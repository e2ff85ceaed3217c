"""Does a model need what it attends to? Images whose attended part is covered, and images where as much is covered
elsewhere.

Axes: B images, T time steps, M glimpses before each symbol, H rows, W columns.
"""

from math import ceil
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from benchmark.model.attention.base import Attention
from benchmark.model.decoding.rollout import Rollout
from datamodules.contract import IGNORED, Batch

SHARE = 0.1
"""Of the pixels, those that are covered."""


def most_attended(attention: Attention, rollout: Rollout, side: tuple[int, int]) -> Tensor:
    """(B, H, W) bool: the tenth of the pixels that the glimpses of the first trajectory attend to most, taken together.
    Fewer where less is attended to at all; none of images that are attended to evenly.

    The attention is averaged over a quarter of the image's side, so that of equally attended pixels the middle ones
    come first.
    """
    where_BTMx, emitted_BT = rollout.where[:, 0], rollout.symbol[:, 0] != IGNORED
    total_BHW = where_BTMx.new_zeros(len(where_BTMx), *side)
    for t in range(where_BTMx.shape[1]):
        for m in range(where_BTMx.shape[2]):
            total_BHW += attention.attention_map(where_BTMx[:, t, m], side) * emitted_BT[:, t, None, None]
    flat_BP = total_BHW.flatten(1)
    uneven_B = flat_BP.amax(1) > flat_BP.amin(1)
    reach = max(1, min(side) // 8)
    smooth_BP = avg_pool2d(total_BHW[:, None], 2 * reach + 1, 1, reach).flatten(1)
    chosen_BK = smooth_BP.topk(ceil(SHARE * flat_BP.shape[1]), 1).indices
    mask_BP = torch.zeros_like(flat_BP, dtype=torch.bool).scatter(1, chosen_BK, True) & (smooth_BP > 0)
    return (mask_BP & uneven_B[:, None]).unflatten(1, side)


def covered(batch: Batch, mask_BHW: Tensor, background: float) -> Batch:
    """The batch with the background in place of the pixels of a mask."""
    return batch._replace(image=batch.image.masked_fill(mask_BHW[:, None], background))


@final
class OtherMasks:
    """The masks of other images, batch after batch of a split: each image has that of the one before it, so that they
    have the shapes and places that masks have, and nothing to do with the image. The first image has its own, moved by
    half of the image.
    """

    def __init__(self) -> None:
        self._last_1HW: Tensor | None = None

    def __call__(self, mask_BHW: Tensor) -> Tensor:
        half = (mask_BHW.shape[1] // 2, mask_BHW.shape[2] // 2)
        before_1HW = mask_BHW[:1].roll(half, (1, 2)) if self._last_1HW is None else self._last_1HW
        self._last_1HW = mask_BHW[-1:]
        return torch.cat([before_1HW, mask_BHW[:-1]])
