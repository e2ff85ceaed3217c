"""DRAM's decoder with the context wired to the classifier, which the paper warns of.

Axes: R rows, D code, V symbols, H hidden.
"""

from collections.abc import Callable
from typing import final

from torch import Tensor, nn

from benchmark.model.decoder.base import Decoder, State
from benchmark.model.decoder.two_layer import TwoLayer
from datamodules.contract import TaskSpec
from datamodules.ranges import OptionalWidth, Width


@final
class ContextRead(Decoder):
    """Two layers as in DRAM, but the context initialises r1 too, which the classifier reads. Ba et al. (2015) keep it
    from r1: the label would be predicted from the whole image, and the glimpses would not matter. A control for that.

    The context network is trained by the likelihood then. core: DRAM's decoder.
    """

    def __init__(
        self,
        code_size: int,
        spec: TaskSpec,
        core: Callable[..., TwoLayer],
        hidden_size: Width,
        symbol_size: OptionalWidth,
        detach: bool,
    ):
        super().__init__()
        self.core = core(
            code_size=code_size, spec=spec, hidden_size=hidden_size, symbol_size=symbol_size, detach=detach
        )  # fmt: skip
        self.query_size = self.core.query_size

    def start(self, context_RH: Tensor) -> State:
        return self.core.lower.start(context_RH), self.core.upper.start(context_RH), ()

    def feed_symbol(self, symbol_R: Tensor, state: State) -> State:
        return self.core.feed_symbol(symbol_R, state)

    def query(self, state: State) -> Tensor:
        return self.core.query(state)

    def step(self, code_RD: Tensor, state: State) -> State:
        return self.core.step(code_RD, state)

    def logits(self, state: State) -> Tensor:
        return self.core.logits(state)

    def policy_parameters(self, context: list[nn.Parameter]) -> list[nn.Parameter]:
        return self.core.policy_parameters([])
