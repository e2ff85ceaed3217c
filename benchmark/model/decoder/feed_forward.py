"""A decoder without recurrence: a classifier for each symbol on the last glimpse's code.

Axes: R rows, D code, Q query, V symbols, H hidden.
"""

from typing import final

from torch import Tensor, nn

from benchmark.model.decoder.base import Decoder, State, at_position, position_classifier
from datamodules.contract import TaskSpec
from datamodules.ranges import Count, Width


@final
class FeedForward(Decoder):
    """Classifiers, one for each position of a sequence, read the code of the last glimpse: with attention=none this is
    a plain CNN.

    Of the symbols before it only knows how many there are. `Positions` says a sequence's length apart from its digits.
    hidden_size: width of the context, which only a policy would read. head: widths of ReLU layers before the logits.
    """

    def __init__(self, code_size: int, spec: TaskSpec, hidden_size: Count, head: list[Width]):
        super().__init__()
        self.code_size, self.query_size, self.spec = code_size, hidden_size, spec
        self.head = position_classifier(code_size, head, spec)

    def start(self, context_RH: Tensor) -> State:
        return (context_RH.new_zeros(len(context_RH), self.code_size),), (), (context_RH,)

    def feed_symbol(self, symbol_R: Tensor, state: State) -> State:
        return state[0], (*state[1], symbol_R), state[2]

    def query(self, state: State) -> Tensor:
        return state[2][0]

    def step(self, code_RD: Tensor, state: State) -> State:
        return (code_RD,), *state[1:]

    def logits(self, state: State) -> Tensor:
        (code_RD,), fed, _ = state
        return at_position(self.head(code_RD), len(fed) - 1, self.spec)

    def policy_parameters(self, context: list[nn.Parameter]) -> list[nn.Parameter]:
        return context
