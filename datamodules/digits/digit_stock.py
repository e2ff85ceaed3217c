"""Digits to lay on canvases, and where squares lie among the pixels of images.

Axes: N digits in stock, S side of a digit, I of its ink; B images with N corners each; a last 2 is (x, y) in pixels.
"""

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor


class DigitStock(NamedTuple):
    """Digits to lay on canvases. Only the square that holds a digit's ink is laid, equally large for all: what is
    around it adds nothing, and half of an MNIST digit's pixels are.

    whole: (N, S, S) uint8, the digits as they came. ink: (N, I, I) uint8. corner: (N, 2) long, where that lies in them.
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
        blocks = torch.arange(len(whole_NSS)).split(4096)  # not all places at once: eight bytes for each byte of ink
        first_N1 = torch.add(corners(corner_N2, size), torch.arange(len(whole_NSS)), alpha=size**2)[:, None]
        place_I = square(inner, size, whole_NSS.device).flatten()
        ink = [whole_NSS.take(first_N1[n_N] + place_I) for n_N in blocks]
        return cls(whole_NSS, torch.cat(ink).view(-1, inner, inner), corner_N2)

    def to(self, device: torch.device) -> "DigitStock":
        return DigitStock(*(field.to(device) for field in self))


def _extent(line_NS: Tensor) -> tuple[Tensor, Tensor]:
    """(N,) the first place where there is something, and how many from there to the last; 0 and 1 where nothing is."""
    first_N, after_N = line_NS.byte().argmax(1), line_NS.flip(1).byte().argmax(1)
    return first_N, torch.where(line_NS.any(1), line_NS.shape[1] - after_N - first_N, 1)


def corners(corner_BN2: Tensor, side: int) -> Tensor:
    """(B, N) the places of corners (x, y) among the pixels of an image of this side."""
    x_BN, y_BN = corner_BN2.unbind(-1)
    return torch.add(x_BN, y_BN, alpha=side)


@lru_cache
def square(size: int, side: int, device: torch.device) -> Tensor:
    """(size, size) the places of one square, in the upper left corner of an image of this side. Made once: on a GPU it
    is starting kernels that takes time, however small they are.
    """
    step = torch.arange(size, device=device)
    return step[:, None] * side + step
