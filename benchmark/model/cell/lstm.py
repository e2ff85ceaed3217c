"""The LSTM cell.

Axes: R rows, I input, H hidden.
"""

from typing import final

import torch
from torch import Tensor, nn

from benchmark.model.cell.base import Cell, CellState


@final
class LSTM(Cell):
    """An LSTM with forget bias 1, so that gradients reach the first glimpses (Jozefowicz et al. 2015)."""

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.cell = nn.LSTMCell(input_size, hidden_size)
        with torch.no_grad():
            self.cell.bias_ih[hidden_size : 2 * hidden_size] = 1.0

    def start(self, hidden_RH: Tensor) -> CellState:
        return hidden_RH, torch.zeros_like(hidden_RH)

    def forward(self, input_RI: Tensor, state: CellState) -> CellState:
        return self.cell(input_RI, state)
