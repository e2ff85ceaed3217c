"""Boxes under cropping and flipping. Axes: B images, K boxes, (x0, y0, x1, y1) in pixels, half open."""

import torch
from torch import Tensor

LEAST_SEEN = 1.0
"""Minimum width and height in pixels of the visible part of a box; smaller ones are dropped."""


def clipped(boxes_BK4: Tensor, size: int) -> Tensor:
    """Boxes clipped to a square of side `size`; NaN where less than LEAST_SEEN pixels are left."""
    boxes_BK4 = boxes_BK4.clamp(0, size)
    seen_BK1 = (boxes_BK4[..., 2:] - boxes_BK4[..., :2]).amin(-1, keepdim=True) >= LEAST_SEEN
    return boxes_BK4.where(seen_BK1, torch.nan)


def mirrored(boxes_BK4: Tensor, flipped_B: Tensor, size: int) -> Tensor:
    """Boxes in a square of side `size`, flipped horizontally where flipped_B is true."""
    other_BK4 = torch.stack(
        [size - boxes_BK4[..., 2], boxes_BK4[..., 1], size - boxes_BK4[..., 0], boxes_BK4[..., 3]], -1
    )
    return torch.where(flipped_B[:, None, None], other_BK4, boxes_BK4)
