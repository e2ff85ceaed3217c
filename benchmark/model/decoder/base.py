"""phi_dec: the recurrent core. Two views of one state: what attention reads, and what the classifier reads.

Axes: R rows, D code, Q query, V symbols, H hidden.
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

State = tuple[tuple[Tensor, ...], ...]


class Decoder(nn.Module, ABC):
    """The core of the loop (eqs 6, 21-24). Symbol V stands for "no symbol yet". query_size: Q."""

    query_size: int

    @abstractmethod
    def start(self, context_RH: Tensor) -> State:
        """The state before the first glimpse; the context sets what attention reads."""

    @abstractmethod
    def feed_symbol(self, symbol_R: Tensor, state: State) -> State:
        """The state after it was told the symbol emitted last, before the glimpses that follow."""

    @abstractmethod
    def query(self, state: State) -> Tensor:
        """(R, Q) what attention, policy and baseline read."""

    @abstractmethod
    def step(self, code_RD: Tensor, state: State) -> State:
        """The state after one more glimpse."""

    @abstractmethod
    def logits(self, state: State) -> Tensor:
        """(R, V) scores of the next symbol."""

    @abstractmethod
    def policy_parameters(self, context: list[nn.Parameter]) -> list[nn.Parameter]:
        """The parameters, its own and the context's, that reach the classifier through where the model looks alone."""


def classifier(hidden_size: int, hidden: list[int], symbols: int) -> nn.Sequential:
    """Rectifier layers of these widths, then scores."""
    widths = [hidden_size, *hidden]
    body = [layer for a, b in zip(widths, hidden, strict=False) for layer in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(*body, nn.Linear(widths[-1], symbols))


def routed(hidden_RH: Tensor, detach: bool) -> Tensor:
    """The hidden state as attention gets it: with or without a way back for attention's gradient."""
    return hidden_RH.detach() if detach else hidden_RH


def beside(code_RD: Tensor, symbol_RE: Tensor) -> Tensor:
    """The code and the symbol emitted last; the code itself where symbols have no width, which spares a copy."""
    return torch.cat([code_RD, symbol_RE], -1) if symbol_RE.shape[-1] else code_RD
