"""Gates on a glimpse's code, computed from the hidden state (the "selector" of Show, Attend and Tell).

Axes: R rows, S size of a query, D code.
"""

from abc import ABC, abstractmethod
from typing import final

from torch import Tensor, nn


class Gate(nn.Module, ABC):
    """Scales the code of a glimpse before the decoder reads it."""

    @abstractmethod
    def forward(self, code_RD: Tensor, query_RS: Tensor) -> Tensor:
        """(R, D) the gated code."""


@final
class NoGate(Gate):
    """No gate: the code as it is."""

    def __init__(self, query_size: int, code_size: int):
        super().__init__()

    def forward(self, code_RD: Tensor, query_RS: Tensor) -> Tensor:
        return code_RD


@final
class ScalarGate(Gate):
    """beta z, beta = sigmoid(w . h + b): one gate for the whole code (Show, Attend and Tell, "selector")."""

    def __init__(self, query_size: int, code_size: int):
        super().__init__()
        self.beta = nn.Linear(query_size, 1)

    def forward(self, code_RD: Tensor, query_RS: Tensor) -> Tensor:
        return self.beta(query_RS).sigmoid() * code_RD


@final
class VectorGate(Gate):
    """beta * z, beta = sigmoid(W h + b): a gate for each element of the code, as in ports of Show, Attend and Tell."""

    def __init__(self, query_size: int, code_size: int):
        super().__init__()
        self.beta = nn.Linear(query_size, code_size)

    def forward(self, code_RD: Tensor, query_RS: Tensor) -> Tensor:
        return self.beta(query_RS).sigmoid() * code_RD
