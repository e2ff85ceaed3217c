"""How the cells of a map are divided into the places that a draw can be at.

Axes: R rows, N cells, C channels, K = parts * parts places of a cell, h rows and w columns of cells.
"""

from abc import ABC, abstractmethod
from typing import final

import torch
from torch import Tensor, nn

from datamodules.ranges import Count


class Division(nn.Module, ABC):
    """parts: places of a cell on each side, K = parts * parts in all, row by row."""

    parts: int

    @abstractmethod
    def forward(self, map_RNC: Tensor) -> Tensor:
        """(R, N, K) log-probabilities of the places of a cell, given the cell."""


@final
class WholeCells(Division):
    """One place in each cell, its centre."""

    parts = 1

    def forward(self, map_RNC: Tensor) -> Tensor:
        return map_RNC.new_zeros(*map_RNC.shape[:2], 1)


@final
class DividedCells(Division):
    """softmax(W c) over the parts * parts places of a cell with the column c of the map, even at first: W is zero.

    A glimpse can aim finer than by cells, at the cost of one matrix product; that of as many cells is a product and a
    score for each of them. Which cell is drawn does not depend on W.
    """

    def __init__(self, channels: int, parts: Count):
        super().__init__()
        self.parts = parts
        self.score = nn.Linear(channels, parts * parts)
        nn.init.zeros_(self.score.weight)
        nn.init.zeros_(self.score.bias)

    def forward(self, map_RNC: Tensor) -> Tensor:
        scores_RNK: Tensor = self.score(map_RNC)
        return scores_RNK.log_softmax(-1)


def fine(value_RNKD: Tensor, grid: tuple[int, int], parts: int) -> Tensor:
    """(R, N * K, D) values of the places of cells in the order of the places: row by row of the whole window."""
    split = value_RNKD.unflatten(2, (parts, parts)).unflatten(1, grid)  # R h w parts parts D
    return split.transpose(2, 3).flatten(1, 4)


def centres(rows: int, columns: int) -> Tensor:
    """(rows * columns, 2) centres (x, y) of the cells of a grid over the unit square, row by row."""
    y, x = (torch.arange(rows) + 0.5) / rows, (torch.arange(columns) + 0.5) / columns
    return torch.stack([x.repeat(rows), y.repeat_interleave(columns)], 1)
