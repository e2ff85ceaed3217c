"""The decoder of adaptive attention: it reads the previous symbol before it attends, and gives a visual sentinel.

Axes: R rows, H hidden, D code, E embedding of a symbol, V symbols.
"""

from collections.abc import Callable
from typing import final

import torch
from torch import Tensor, nn

from benchmark.model.cell.base import Cell
from benchmark.model.decoder.base import Decoder, State, with_symbol
from datamodules.contract import TaskSpec
from datamodules.ranges import NotAll, OptionalWidth, Width


@final
class Sentinel(Decoder):
    """(h, m) = cell([g; E y]), s = sigmoid(W_x [g; E y] + W_h h_before) * tanh(m), p = softmax(W_p (c + h)) (Lu et al.
    2017, eqs 7-13); g is the context, an input at every time step, and the code c is as wide as h.

    The memory m is the last tensor of the cell's state. The query is [h; s]. dropout: before W_p.
    """

    def __init__(
        self,
        code_size: int,
        spec: TaskSpec,
        cell: Callable[..., Cell],
        hidden_size: Width,
        symbol_size: OptionalWidth,
        dropout: NotAll,
    ):
        super().__init__()
        symbols, input_size = len(spec.symbols), hidden_size + symbol_size
        self.symbol = nn.Embedding(symbols + 1, symbol_size)
        self.cell = cell(input_size=input_size, hidden_size=hidden_size)
        self.of_told = nn.Linear(input_size, hidden_size)  # W_x, under the name that checkpoints have
        self.of_hidden = nn.Linear(hidden_size, hidden_size, bias=False)
        self.head = nn.Linear(hidden_size, symbols)
        self.drop = nn.Dropout(dropout)
        self.query_size = 2 * hidden_size

    def start(self, context_RH: Tensor) -> State:
        return self.cell.start(torch.zeros_like(context_RH)), (torch.zeros_like(context_RH),), (context_RH,), ()

    def feed_symbol(self, symbol_R: Tensor, state: State) -> State:
        before, _, (context_RH,), code = state
        input_RI = with_symbol(context_RH, self.symbol(symbol_R))
        after = self.cell(input_RI, before)
        gate_RH = (self.of_told(input_RI) + self.of_hidden(before[0])).sigmoid()
        return after, (gate_RH * after[-1].tanh(),), (context_RH,), code

    def query(self, state: State) -> Tensor:
        return torch.cat([state[0][0], state[1][0]], -1)

    def step(self, code_RD: Tensor, state: State) -> State:
        return *state[:3], (code_RD,)

    def logits(self, state: State) -> Tensor:
        return self.head(self.drop(state[3][0] + state[0][0]))

    def policy_parameters(self, context: list[nn.Parameter]) -> list[nn.Parameter]:
        return []
