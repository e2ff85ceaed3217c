"""The decoder of Show, Attend and Tell: state initialised from the image, deep output layer.

Axes: R rows, D code, H hidden, E embedding of a symbol, V symbols.
"""

from collections.abc import Callable
from typing import final

import torch
from torch import Tensor, nn

from benchmark.common.errors import ConfigFault
from benchmark.model.cell.base import Cell
from benchmark.model.decoder.base import Decoder, State, maybe_detached, with_symbol
from datamodules.contract import TaskSpec
from datamodules.ranges import NotAll, OptionalWidth, Width


@final
class DeepOutput(Decoder):
    """logits = L_o tanh(E y + L_h h + L_z z): from the previous symbol, the hidden state and the glimpse (Show, Attend
    and Tell, eq 7; the tanh is in its code only). Hidden state and memory each start as tanh(W context + b).

    symbol_size: width of embeddings and of the output layer. dropout: on h before L_h, and before L_o, as in their
    code. detach: whether attention's gradient stops at the hidden state. Raises ConfigFault for symbol_size 0.
    """

    def __init__(
        self,
        code_size: int,
        spec: TaskSpec,
        cell: Callable[..., Cell],
        hidden_size: Width,
        symbol_size: OptionalWidth,
        dropout: NotAll,
        detach: bool,
    ):
        super().__init__()
        if symbol_size < 1:
            raise ConfigFault(
                [
                    "decoder.symbol_size: deep output adds up symbol embeddings, and needs a width of 1 or more, not "
                    f"{symbol_size}"
                ]
            )
        symbols = len(spec.symbols)
        self.symbol = nn.Embedding(symbols + 1, symbol_size)
        self.cell = cell(input_size=code_size + symbol_size, hidden_size=hidden_size)
        parts = len(self.cell.start(torch.zeros(1, hidden_size)))
        self.begin = nn.ModuleList(nn.Linear(hidden_size, hidden_size) for _ in range(parts))
        self.of_state = nn.Linear(hidden_size, symbol_size)
        self.of_code = nn.Linear(code_size, symbol_size, bias=False)
        self.head = nn.Linear(symbol_size, symbols)
        self.drop = nn.Dropout(dropout)
        self.detach, self.query_size = detach, hidden_size

    def start(self, context_RH: Tensor) -> State:
        return tuple(layer(context_RH).tanh() for layer in self.begin), (), ()

    def feed_symbol(self, symbol_R: Tensor, state: State) -> State:
        return state[0], (self.symbol(symbol_R),), state[2]

    def query(self, state: State) -> Tensor:
        return maybe_detached(state[0][0], self.detach)

    def step(self, code_RD: Tensor, state: State) -> State:
        return self.cell(with_symbol(code_RD, state[1][0]), state[0]), state[1], (code_RD,)

    def logits(self, state: State) -> Tensor:
        (hidden_RH, *_), (symbol_RE,), (code_RD,) = state
        read_RE = (symbol_RE + self.of_state(self.drop(hidden_RH)) + self.of_code(code_RD)).tanh()
        return self.head(self.drop(read_RE))

    def policy_parameters(self, context: list[nn.Parameter]) -> list[nn.Parameter]:
        return []
