"""How much of what was seen is let in, by the state's own word.

Axes: R rows, S size of a query, D code.
"""

from abc import ABC, abstractmethod
from typing import final

from torch import Tensor, nn


class Gate(nn.Module, ABC):
    """Weighs the code of a glimpse before the core reads it."""

    @abstractmethod
    def forward(self, code_RD: Tensor, query_RS: Tensor) -> Tensor:
        """(R, D) what is let in."""


@final
class NoGate(Gate):
    """All of it."""

    def __init__(self, query_size: int, code_size: int):
        super().__init__()

    def forward(self, code_RD: Tensor, query_RS: Tensor) -> Tensor:
        return code_RD


@final
class ScalarGate(Gate):
    """beta z, beta = sigmoid(w . h + b) (Show, Attend and Tell's "selector"): the state says whether to look at all."""

    def __init__(self, query_size: int, code_size: int):
        super().__init__()
        self.beta = nn.Linear(query_size, 1)

    def forward(self, code_RD: Tensor, query_RS: Tensor) -> Tensor:
        return self.beta(query_RS).sigmoid() * code_RD


@final
class VectorGate(Gate):
    """The same for each number of the code by itself, as ports of Show, Attend and Tell have it."""

    def __init__(self, query_size: int, code_size: int):
        super().__init__()
        self.beta = nn.Linear(query_size, code_size)

    def forward(self, code_RD: Tensor, query_RS: Tensor) -> Tensor:
        return self.beta(query_RS).sigmoid() * code_RD
