"""The digits that canvases are composed of, and flat pixel indices of squares.

Axes: N digits of the stock, S side of a digit, I side of its ink; B images with N corners each; a last 2 is (x, y) in
pixels.
"""

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor


class DigitStock(NamedTuple):
    """The digits of a split. Only the square around a digit's non-zero pixels is written to a canvas, of the same side
    for all digits: the rest adds zeros, and is half of an MNIST digit's pixels.

    whole: (N, S, S) uint8, the digits as read. ink: (N, I, I) uint8, those squares. corner: (N, 2) long, their upper
    left pixels in the digits.
    """

    whole: Tensor
    ink: Tensor
    corner: Tensor

    @classmethod
    def of(cls, whole_NSS: Tensor) -> "DigitStock":
        size = whole_NSS.shape[1]
        extents = [_extent(whole_NSS.amax(across) > 0) for across in (1, 2)]
        inner = max(int(length_N.max()) for _, length_N in extents)
        corner_N2 = torch.stack([first_N for first_N, _ in extents], -1).clamp(max=size - inner)
        blocks = torch.arange(len(whole_NSS)).split(4096)  # in blocks: indices take eight bytes per pixel
        first_N1 = torch.add(corners(corner_N2, size), torch.arange(len(whole_NSS)), alpha=size**2)[:, None]
        place_I = square(inner, size, whole_NSS.device).flatten()
        ink = [whole_NSS.take(first_N1[n_N] + place_I) for n_N in blocks]
        return cls(whole_NSS, torch.cat(ink).view(-1, inner, inner), corner_N2)

    def to(self, device: torch.device) -> "DigitStock":
        return DigitStock(*(field.to(device) for field in self))


def _extent(line_NS: Tensor) -> tuple[Tensor, Tensor]:
    """(N,) index of the first true entry, and (N,) length up to the last one; 0 and 1 where all are false."""
    first_N, after_N = line_NS.byte().argmax(1), line_NS.flip(1).byte().argmax(1)
    return first_N, torch.where(line_NS.any(1), line_NS.shape[1] - after_N - first_N, 1)


def corners(corner_BN2: Tensor, side: int) -> Tensor:
    """(B, N) flat pixel indices of corners (x, y) in a square image of this side."""
    x_BN, y_BN = corner_BN2.unbind(-1)
    return torch.add(x_BN, y_BN, alpha=side)


@lru_cache
def square(size: int, side: int, device: torch.device) -> Tensor:
    """(size, size) flat pixel indices of a square in the upper left corner of an image of this side. Cached, to save
    kernel launches on a GPU.
    """
    step = torch.arange(size, device=device)
    return step[:, None] * side + step
