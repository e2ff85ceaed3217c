"""The GRU cell.

Axes: R rows, I input, H hidden.
"""

from typing import final

from torch import Tensor, nn

from benchmark.model.cell.base import Cell, CellState


@final
class GRU(Cell):
    """A gated recurrent unit (Cho et al. 2014): RNN-SPN's."""

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.cell = nn.GRUCell(input_size, hidden_size)

    def start(self, hidden_RH: Tensor) -> CellState:
        return (hidden_RH,)

    def forward(self, input_RI: Tensor, state: CellState) -> CellState:
        return (self.cell(input_RI, state[0]),)
