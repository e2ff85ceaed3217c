"""How far beside the place of a drawn cell the glimpse is.

Axes: R rows, N cells, C channels of a map.
"""

from abc import ABC, abstractmethod
from typing import final

from torch import Tensor, nn

from datamodules.ranges import Positive


class Offset(nn.Module, ABC):
    """learned: whether it has parameters, which are trained through the windows: they have to lie between pixels."""

    learned: bool

    @abstractmethod
    def forward(self, map_RNC: Tensor) -> Tensor:
        """(R, N, 2) the offset (x, y) of each cell, in widths of a cell."""


@final
class NoOffset(Offset):
    """Zero."""

    learned = False

    def __init__(self, channels: int):
        super().__init__()

    def forward(self, map_RNC: Tensor) -> Tensor:
        return map_RNC.new_zeros(*map_RNC.shape[:2], 2)


@final
class LearnedOffset(Offset):
    """reach tanh(W c) with the column c of the map, zero at first. Ours.

    The cell finds, the offset aims: what is drawn is the cell, by its probability as ever, and the offset is a function
    of what is seen, with the gradient of the likelihood by the place of the window (`BetweenPixels`). Of a
    drawn cell both gradients together are that of the bound: E_k[log p(y | l_k)] depends on the policy through k's
    probability, which REINFORCE differentiates, and through l_k.
    reach: in widths of a cell.
    """

    learned = True

    def __init__(self, channels: int, reach: Positive):
        super().__init__()
        self.reach = reach
        self.body = nn.Linear(channels, 2)
        nn.init.zeros_(self.body.weight)
        nn.init.zeros_(self.body.bias)

    def forward(self, map_RNC: Tensor) -> Tensor:
        offset_RN2: Tensor = self.body(map_RNC)
        return self.reach * offset_RN2.tanh()
