"""Elman cells, with tanh and with ReLU.

Axes: R rows, I input, H hidden.
"""

from typing import final

from torch import Tensor, nn

from benchmark.model.cell.base import Cell, CellState


@final
class TanhRNN(Cell):
    """h = tanh(W x + U h + b): the plain recurrent cell of eq 4."""

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.cell = nn.RNNCell(input_size, hidden_size, nonlinearity="tanh")

    def start(self, hidden_RH: Tensor) -> CellState:
        return (hidden_RH,)

    def forward(self, input_RI: Tensor, state: CellState) -> CellState:
        return (self.cell(input_RI, state[0]),)


@final
class ReluRNN(Cell):
    """h = relu(W x + U h + b), U initialised to the identity (IRNN, Le et al. 2015): RAM's core network."""

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.cell = nn.RNNCell(input_size, hidden_size, nonlinearity="relu")
        nn.init.eye_(self.cell.weight_hh)

    def start(self, hidden_RH: Tensor) -> CellState:
        return (hidden_RH,)

    def forward(self, input_RI: Tensor, state: CellState) -> CellState:
        return (self.cell(input_RI, state[0]),)
