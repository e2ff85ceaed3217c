"""The core of adaptive attention: it hears before it looks, and offers what it remembers as one more thing to look at.

Axes: R rows, H hidden, D code, E embedding of a symbol, V symbols.
"""

from collections.abc import Callable
from typing import final

import torch
from torch import Tensor, nn

from benchmark.model.cell.base import Cell
from benchmark.model.decoder.base import Decoder, State, beside
from datamodules.contract import TaskSpec
from datamodules.ranges import Count, Natural, NotAll


@final
class Sentinel(Decoder):
    """(h, m) = cell([g; E y]), s = sigmoid(W_x [g; E y] + W_h h_before) * tanh(m), p = softmax(W_p (c + h)) (Lu et al.
    2017, eqs 7-13); g is the context, told at every step, and the code c is as wide as h.

    What the papers call the memory m is the last part of the cell's state. dropout: before W_p.
    """

    def __init__(
        self,
        code_size: int,
        spec: TaskSpec,
        cell: Callable[..., Cell],
        hidden_size: Count,
        symbol_size: Natural,
        dropout: NotAll,
    ):
        super().__init__()
        symbols, told = len(spec.symbols), hidden_size + symbol_size
        self.symbol = nn.Embedding(symbols + 1, symbol_size)
        self.cell = cell(input_size=told, hidden_size=hidden_size)
        self.of_told = nn.Linear(told, hidden_size)
        self.of_hidden = nn.Linear(hidden_size, hidden_size, bias=False)
        self.head = nn.Linear(hidden_size, symbols)
        self.drop = nn.Dropout(dropout)
        self.query_size = 2 * hidden_size

    def start(self, context_RH: Tensor) -> State:
        return self.cell.start(torch.zeros_like(context_RH)), (torch.zeros_like(context_RH),), (context_RH,), ()

    def feed_symbol(self, symbol_R: Tensor, state: State) -> State:
        before, _, (context_RH,), seen = state
        told_RI = beside(context_RH, self.symbol(symbol_R))
        after = self.cell(told_RI, before)
        gate_RH = (self.of_told(told_RI) + self.of_hidden(before[0])).sigmoid()
        return after, (gate_RH * after[-1].tanh(),), (context_RH,), seen

    def query(self, state: State) -> Tensor:
        return torch.cat([state[0][0], state[1][0]], -1)

    def step(self, code_RD: Tensor, state: State) -> State:
        return *state[:3], (code_RD,)

    def logits(self, state: State) -> Tensor:
        return self.head(self.drop(state[3][0] + state[0][0]))

    def policy_parameters(self, context: list[nn.Parameter]) -> list[nn.Parameter]:
        return []
