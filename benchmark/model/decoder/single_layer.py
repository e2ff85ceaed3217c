"""A single recurrent layer, read by both attention and classifier (RAM).

Axes: R rows, D code, Q query, V symbols, H hidden.
"""

from collections.abc import Callable
from typing import final

from torch import Tensor, nn

from benchmark.model.cell.base import Cell
from benchmark.model.decoder.base import Decoder, State, classifier, maybe_detached, with_symbol
from datamodules.contract import TaskSpec
from datamodules.ranges import OptionalWidth, Width


@final
class SingleLayer(Decoder):
    """h_t = cell([code; E y], h_{t-1}), read by attention and classifier (RAM; Bahdanau et al.).

    symbol_size: width of symbol embeddings, 0 for none. head: widths of ReLU layers before the logits.
    detach: whether attention's gradient stops at h. RAM's paper does not say whether the policy gradient trains the
    core network; soft attention needs this gradient.
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
        self.cell = cell(input_size=code_size + symbol_size, hidden_size=hidden_size)
        self.head = classifier(hidden_size, head, len(spec.symbols))
        self.detach, self.query_size = detach, hidden_size

    def start(self, context_RH: Tensor) -> State:
        return self.cell.start(context_RH), ()

    def feed_symbol(self, symbol_R: Tensor, state: State) -> State:
        return state[0], (self.symbol(symbol_R),)

    def query(self, state: State) -> Tensor:
        return maybe_detached(state[0][0], self.detach)

    def step(self, code_RD: Tensor, state: State) -> State:
        return self.cell(with_symbol(code_RD, state[1][0]), state[0]), state[1]

    def logits(self, state: State) -> Tensor:
        return self.head(state[0][0])

    def policy_parameters(self, context: list[nn.Parameter]) -> list[nn.Parameter]:
        return []
