"""One recurrent layer, read by attention and classifier alike (RAM; Show, Attend and Tell).

Axes: R rows, D code, Q query, V symbols, H hidden.
"""

from collections.abc import Callable
from typing import final

from torch import Tensor, nn

from benchmark.model.cell.base import Cell
from benchmark.model.decoder.base import Decoder, State, beside, classifier, routed
from datamodules.contract import TaskSpec
from datamodules.ranges import Count, Natural


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
