"""Two recurrent layers: the classifier reads r1, attention reads r2 (DRAM).

Axes: R rows, D code, Q query, V symbols, H hidden.
"""

from collections.abc import Callable
from typing import final

import torch
from torch import Tensor, nn

from benchmark.model.cell.base import Cell
from benchmark.model.decoder.base import Decoder, State, beside, classifier, routed
from datamodules.contract import TaskSpec
from datamodules.ranges import Count, Natural


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
