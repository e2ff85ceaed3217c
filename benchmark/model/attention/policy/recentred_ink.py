"""Cells whose place is centred on the ink twice.

Axes: R rows, N cells, g side of a window.
"""

from typing import final

from torch import Tensor

from benchmark.model.attention.policy.cell_weights import (
    CellWeights,
    DrawnMap,
    InkWeights,
    box_sum,
    in_pixels,
    ink_moments,
    mean_place,
)
from datamodules.ranges import Natural


@final
class RecentredInk(CellWeights):
    """As `InkWeights`, and then once more the centre of the ink around the place that this gives: a second step of mean
    shift (Comaniciu and Meer 2002) with a square kernel. So neighbours of the cell over a digit look at the digit too,
    where one step, whose square is centred on a cell, ends between the cell and the digit.

    reach: of the second square, in pixels of the window on each side of the place.
    """

    least = InkWeights.least

    def __init__(self, reach: Natural):
        self.ink, self.reach = InkWeights(), reach

    def moments(self, drawn: DrawnMap, grid: tuple[int, int]) -> Tensor:
        return self.ink.moments(drawn, grid)

    def settled(self, drawn: DrawnMap, place_RN2: Tensor) -> Tensor:
        around_R3gg = box_sum(ink_moments(drawn), self.reach)
        rows, columns = around_R3gg.shape[-2:]
        x_RN, y_RN = ((place_RN2 - drawn.corner_R2[:, None]) / drawn.width).unbind(-1)
        pixel_RN = (y_RN * rows).long().clamp(0, rows - 1) * columns + (x_RN * columns).long().clamp(0, columns - 1)
        at_R3N = around_R3gg.flatten(2).gather(2, pixel_RN[:, None].expand(-1, 3, -1))
        return mean_place(in_pixels(drawn, at_R3N).transpose(1, 2), place_RN2, self.least)
