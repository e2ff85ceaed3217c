"""What becomes of boxes when an image is cut or mirrored. Axes: B images, K boxes; (x0, y0, x1, y1), half open."""

import torch
from torch import Tensor

LEAST_SEEN = 1.0
"""Pixels of an object's width and height that have to be in the image for its box to count."""


def clipped(boxes_BK4: Tensor, size: int) -> Tensor:
    """Boxes in pixels of a square of side `size`, clipped to it; NaN for one of which too little is left."""
    boxes_BK4 = boxes_BK4.clamp(0, size)
    seen_BK1 = (boxes_BK4[..., 2:] - boxes_BK4[..., :2]).amin(-1, keepdim=True) >= LEAST_SEEN
    return boxes_BK4.where(seen_BK1, torch.nan)


def mirrored(boxes_BK4: Tensor, flipped_B: Tensor, size: int) -> Tensor:
    """Boxes of a square of side `size`, mirrored left to right where `flipped` says so."""
    other_BK4 = torch.stack(
        [size - boxes_BK4[..., 2], boxes_BK4[..., 1], size - boxes_BK4[..., 0], boxes_BK4[..., 3]], -1
    )
    return torch.where(flipped_B[:, None, None], other_BK4, boxes_BK4)
