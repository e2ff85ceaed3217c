"""Recurrent cells: phi of eq 4, (o_t, h_t) = phi(i_t, h_{t-1}).

Axes: R rows, I input, H hidden.
"""

from abc import ABC, abstractmethod
from typing import final

import torch
from torch import Tensor, nn

CellState = tuple[Tensor, ...]


class Cell(nn.Module, ABC):
    """A recurrent cell; the first tensor of its state is the hidden state h."""

    @abstractmethod
    def start(self, hidden_RH: Tensor) -> CellState:
        """The state with this hidden state and nothing else remembered."""

    @abstractmethod
    def forward(self, input_RI: Tensor, state: CellState) -> CellState:
        """The next state."""


@final
class LSTM(Cell):
    """Its forget gate starts open (bias 1), so that gradients reach the first glimpses (Jozefowicz et al. 2015)."""

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.cell = nn.LSTMCell(input_size, hidden_size)
        with torch.no_grad():
            self.cell.bias_ih[hidden_size : 2 * hidden_size] = 1.0

    def start(self, hidden_RH: Tensor) -> CellState:
        return hidden_RH, torch.zeros_like(hidden_RH)

    def forward(self, input_RI: Tensor, state: CellState) -> CellState:
        return self.cell(input_RI, state)


@final
class GRU(Cell):
    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.cell = nn.GRUCell(input_size, hidden_size)

    def start(self, hidden_RH: Tensor) -> CellState:
        return (hidden_RH,)

    def forward(self, input_RI: Tensor, state: CellState) -> CellState:
        return (self.cell(input_RI, state[0]),)


@final
class TanhRNN(Cell):
    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.cell = nn.RNNCell(input_size, hidden_size, nonlinearity="tanh")

    def start(self, hidden_RH: Tensor) -> CellState:
        return (hidden_RH,)

    def forward(self, input_RI: Tensor, state: CellState) -> CellState:
        return (self.cell(input_RI, state[0]),)


@final
class ReluRNN(Cell):
    """Rectifier units, the recurrent weights starting at the identity (Le et al. 2015): RAM's core."""

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.cell = nn.RNNCell(input_size, hidden_size, nonlinearity="relu")
        nn.init.eye_(self.cell.weight_hh)

    def start(self, hidden_RH: Tensor) -> CellState:
        return (hidden_RH,)

    def forward(self, input_RI: Tensor, state: CellState) -> CellState:
        return (self.cell(input_RI, state[0]),)
