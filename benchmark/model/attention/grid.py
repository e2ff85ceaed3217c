"""The cells of a feature map in the image: which pixel an item is at, and a map of weights.

Axes: R rows, n cells along a side of the grid, h rows and w columns of cells, N = h * w cells.
"""

from typing import final

import torch
from torch import Tensor, nn

from benchmark.model.encoder.base import Encoder


def peaked(map_RHW: Tensor) -> Tensor:
    """The map scaled to a maximum of 1; one of zeros stays."""
    return map_RHW / map_RHW.amax((-2, -1), keepdim=True).clamp(min=1e-12)


def between(centre_n: Tensor, length: int) -> Tensor:
    """(length, n) how much of each cell a pixel has: linear between two centres, all of the nearest beyond them."""
    if len(centre_n) == 1:
        return centre_n.new_ones(length, 1)
    pixel_L = torch.arange(length, device=centre_n.device) + 0.5
    left_L = (torch.searchsorted(centre_n, pixel_L) - 1).clamp(0, len(centre_n) - 2)
    gap_L = (centre_n[left_L + 1] - centre_n[left_L]).clamp(min=1e-6)
    share_L = ((pixel_L - centre_n[left_L]) / gap_L).clamp(0, 1)
    return (
        centre_n.new_zeros(length, len(centre_n))
        .scatter(1, left_L[:, None], 1 - share_L[:, None])
        .scatter(1, left_L[:, None] + 1, share_L[:, None])
    )


def edges(centre_n: Tensor, length: int) -> Tensor:
    """(n + 1,) where one cell ends and the next begins, in pixels: half-way between two centres, and at the borders."""
    inner = (centre_n[1:] + centre_n[:-1]) / 2
    return torch.cat([centre_n.new_zeros(1), inner, centre_n.new_full((1,), float(length))])


@final
class CellGrid(nn.Module):
    """The cells of an encoder's map in images of this (height, width)."""

    row_h: Tensor
    column_w: Tensor

    def __init__(self, encoder: Encoder, side: tuple[int, int]):
        super().__init__()
        self.side = side
        for name, cells, length in zip(("row_h", "column_w"), encoder.shape[1:], side, strict=True):
            self.register_buffer(name, encoder.cells(cells, length), persistent=False)

    def centre(self, cell_R: Tensor) -> Tensor:
        """(R, 2) the pixels (x, y) at the centres of these cells' receptive fields."""
        columns = len(self.column_w)
        return torch.stack([self.column_w[cell_R % columns], self.row_h[cell_R // columns]], -1)

    def map(self, weights_RN: Tensor, side: tuple[int, int]) -> Tensor:
        """(R, H, W) the weights of cells as a map with maximum 1, for an image of this size."""
        grid_Rhw = weights_RN.unflatten(-1, (len(self.row_h), len(self.column_w)))
        row_Hh = between(self.row_h * (side[0] / self.side[0]), side[0])
        column_Ww = between(self.column_w * (side[1] / self.side[1]), side[1])
        return peaked(row_Hh @ grid_Rhw @ column_Ww.T)
