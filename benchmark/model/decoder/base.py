"""phi_dec: the recurrent core. Two views of one state: what attention reads, and what the classifier reads.

Axes: R rows, D code, Q query, V symbols, H hidden.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import final

import torch
from torch import Tensor, nn

from benchmark.model.cell.cells import Cell
from datamodules.contract import TaskSpec
from datamodules.ranges import Count, Natural

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


@final
class SingleLayer(Decoder):
    """One recurrent state for both (RAM; Bahdanau; Show, Attend and Tell).

    detach: whether attention's gradient stops at the state. Papers are silent on whether RAM's policy trains its core;
    with soft attention it must not be stopped.
    """

    def __init__(
        self,
        code_size: int,
        spec: TaskSpec,
        cell: Callable[..., Cell],
        hidden_size: Count,
        symbol_size: Natural,
        head: list[Count],
        detach: bool,
    ):
        super().__init__()
        self.symbol = nn.Embedding(len(spec.symbols) + 1, symbol_size)
        self.cell = cell(input_size=code_size + symbol_size, hidden_size=hidden_size)
        self.head = classifier(hidden_size, head, len(spec.symbols))
        self.detach, self.query_size = detach, hidden_size

    def start(self, context_RH: Tensor) -> State:
        return self.cell.start(context_RH), ()

    def feed_symbol(self, symbol_R: Tensor, state: State) -> State:
        return state[0], (self.symbol(symbol_R),)

    def query(self, state: State) -> Tensor:
        return routed(state[0][0], self.detach)

    def step(self, code_RD: Tensor, state: State) -> State:
        return self.cell(beside(code_RD, state[1][0]), state[0]), state[1]

    def logits(self, state: State) -> Tensor:
        return self.head(state[0][0])

    def policy_parameters(self, context: list[nn.Parameter]) -> list[nn.Parameter]:
        return []


@final
class TwoLayer(Decoder):
    """DRAM: the lower state r1 gets the glimpses and feeds the classifier; the upper r2 gets r1 and says where to look.

    The context starts r2 alone, so it can't reach the classifier except through where the model looks.
    detach: whether attention's gradient stops between r2 and r1, so that it trains r2 and the context but not the
    reader.
    """

    def __init__(
        self,
        code_size: int,
        spec: TaskSpec,
        cell: Callable[..., Cell],
        hidden_size: Count,
        symbol_size: Natural,
        head: list[Count],
        detach: bool,
    ):
        super().__init__()
        self.symbol = nn.Embedding(len(spec.symbols) + 1, symbol_size)
        self.lower = cell(input_size=code_size + symbol_size, hidden_size=hidden_size)
        self.upper = cell(input_size=hidden_size, hidden_size=hidden_size)
        self.head = classifier(hidden_size, head, len(spec.symbols))
        self.detach, self.query_size = detach, hidden_size

    def start(self, context_RH: Tensor) -> State:
        return self.lower.start(torch.zeros_like(context_RH)), self.upper.start(context_RH), ()

    def feed_symbol(self, symbol_R: Tensor, state: State) -> State:
        return state[0], state[1], (self.symbol(symbol_R),)

    def query(self, state: State) -> Tensor:
        return state[1][0]

    def step(self, code_RD: Tensor, state: State) -> State:
        lower = self.lower(beside(code_RD, state[2][0]), state[0])
        return lower, self.upper(routed(lower[0], self.detach), state[1]), state[2]

    def logits(self, state: State) -> Tensor:
        return self.head(state[0][0])

    def policy_parameters(self, context: list[nn.Parameter]) -> list[nn.Parameter]:
        return [*self.upper.parameters(), *context]


@final
class FeedForward(Decoder):
    """No recurrence: the classifier reads the last code. What makes a plain CNN of the loop."""

    def __init__(self, code_size: int, spec: TaskSpec, hidden_size: Count, head: list[Count]):
        super().__init__()
        self.code_size, self.query_size = code_size, hidden_size
        self.head = classifier(code_size, head, len(spec.symbols))

    def start(self, context_RH: Tensor) -> State:
        return ((context_RH.new_zeros(len(context_RH), self.code_size),), (context_RH,))

    def feed_symbol(self, symbol_R: Tensor, state: State) -> State:
        return state

    def query(self, state: State) -> Tensor:
        return state[1][0]

    def step(self, code_RD: Tensor, state: State) -> State:
        return ((code_RD,), state[1])

    def logits(self, state: State) -> Tensor:
        return self.head(state[0][0])

    def policy_parameters(self, context: list[nn.Parameter]) -> list[nn.Parameter]:
        return context
