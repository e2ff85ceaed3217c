"""Recurrent cells: phi of eq 4, (o_t, h_t) = phi(i_t, h_{t-1}).

Axes: R rows, I input, H hidden.
"""

from abc import ABC, abstractmethod

from torch import Tensor, nn

CellState = tuple[Tensor, ...]


class Cell(nn.Module, ABC):
    """A recurrent cell. Its state is a tuple of (R, H) tensors, the first of which is the hidden state h."""

    @abstractmethod
    def start(self, hidden_RH: Tensor) -> CellState:
        """The initial state: this hidden state, and zero memory where the cell has one."""

    @abstractmethod
    def forward(self, input_RI: Tensor, state: CellState) -> CellState:
        """The state after one time step."""
