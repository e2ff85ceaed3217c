"""A decoder without recurrence: a classifier on the last glimpse's code.

Axes: R rows, D code, Q query, V symbols, H hidden.
"""

from typing import final

from torch import Tensor, nn

from benchmark.common.errors import ConfigFault
from benchmark.model.decoder.base import Decoder, State, classifier
from datamodules.contract import TaskSpec
from datamodules.ranges import Count, Width


@final
class FeedForward(Decoder):
    """The classifier reads the code of the last glimpse: with attention=none this is a plain CNN.

    hidden_size: width of the context, which only a policy would read. head: widths of ReLU layers before the logits.
    Raises ConfigFault for sequences: it knows neither the position nor the symbols before.
    """

    def __init__(self, code_size: int, spec: TaskSpec, hidden_size: Count, head: list[Width]):
        super().__init__()
        if spec.max_steps > 1:
            raise ConfigFault(
                [
                    f"decoder: {type(self).__name__} would give all symbols of a sequence the same scores, and "
                    f"data={spec.name} has up to {spec.max_steps} an image. Use decoder=positions, or one that recurs"
                ]
            )
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
