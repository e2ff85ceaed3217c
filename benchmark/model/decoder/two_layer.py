"""Two recurrent layers: the classifier reads r1, attention reads r2 (DRAM).

Axes: R rows, D code, Q query, V symbols, H hidden.
"""

from collections.abc import Callable
from typing import final

import torch
from torch import Tensor, nn

from benchmark.model.cell.base import Cell
from benchmark.model.decoder.base import Decoder, State, classifier, maybe_detached, with_symbol
from datamodules.contract import TaskSpec
from datamodules.ranges import OptionalWidth, Width


@final
class TwoLayer(Decoder):
    """DRAM: r1 reads the glimpses and feeds the classifier; r2 reads r1's hidden state and feeds the policy.

    The context initialises r2 only, so that it does not reach the classifier except by where the model looks.
    symbol_size: width of symbol embeddings, 0 for none. head: widths of ReLU layers before the logits.
    detach: whether attention's gradient stops between r2 and r1, so that it trains r2 and the context network only.
    """

    def __init__(
        self,
        code_size: int,
        spec: TaskSpec,
        cell: Callable[..., Cell],
        hidden_size: Width,
        symbol_size: OptionalWidth,
        head: list[Width],
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
        lower = self.lower(with_symbol(code_RD, state[2][0]), state[0])
        return lower, self.upper(maybe_detached(lower[0], self.detach), state[1]), state[2]

    def logits(self, state: State) -> Tensor:
        return self.head(state[0][0])

    def policy_parameters(self, context: list[nn.Parameter]) -> list[nn.Parameter]:
        return [*self.upper.parameters(), *context]
