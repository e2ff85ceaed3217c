"""The decoder of multi-digit CNNs (Goodfellow et al. 2013): the sequence's length, and a digit at each position.

Axes: R rows, D code, L lengths, V symbols.
"""

from abc import ABC, abstractmethod
from typing import final

import torch
from torch import Tensor, nn

from benchmark.model.decoder.base import Decoder, State
from datamodules.contract import TaskSpec
from datamodules.ranges import Count


class Ending(nn.Module, ABC):
    """Combines the digit at a position with the sequence's length. digits: number of symbols that are not the end."""

    digits: int

    @abstractmethod
    def forward(self, code_RD: Tensor, digit_RV: Tensor, step: int) -> Tensor:
        """(R, V) logits of the symbol at this time step, from the digits' logits."""


@final
class NoEnd(Ending):
    """All sequences are equally long."""

    def __init__(self, code_size: int, spec: TaskSpec):
        super().__init__()
        self.digits = len(spec.symbols)

    def forward(self, code_RD: Tensor, digit_RV: Tensor, step: int) -> Tensor:
        return digit_RV


@final
class ByLength(Ending):
    """A softmax over the lengths 0, 1, ..., T - 1, and T or more: Goodfellow et al.'s 0 to 5 and "more than 5".

    The probability of the end at time step t is p(L = t) / p(L >= t), of digit d it is p(L > t) / p(L >= t) * p_t(d).
    Over a sequence of length L the fractions cancel, which leaves p(L) * p_0(d_0) * ... * p_{L-1}(d_{L-1}), their
    likelihood. As in theirs, digits past the sequence's length have no gradient.
    """

    def __init__(self, code_size: int, spec: TaskSpec, end: int):
        super().__init__()
        self.digits, self.end = len(spec.symbols) - 1, end
        self.length = nn.Linear(code_size, spec.max_steps + 1)

    def forward(self, code_RD: Tensor, digit_RV: Tensor, step: int) -> Tensor:
        # Conditioned on L >= step.
        log_RL = self.length(code_RD)[:, step:].log_softmax(-1)
        on_R1 = log_RL[:, 1:].logsumexp(-1, keepdim=True)
        before_RV, after_RV = (on_R1 + digit_RV.log_softmax(-1)).tensor_split([self.end], -1)
        return torch.cat([before_RV, log_RL[:, :1], after_RV], -1)


def ending(code_size: int, spec: TaskSpec) -> Ending:
    """The one that the task needs."""
    return NoEnd(code_size, spec) if spec.end is None else ByLength(code_size, spec, spec.end)


@final
class Positions(Decoder):
    """One softmax for each position, all from the same code (Goodfellow et al. 2013): no recurrence, and independent of
    previous symbols.

    They have five positions and a length "more than 5" without digits; here each of the T time steps has one. Decoding
    takes the most probable symbol at each time step and stops at the first end; they maximise over whole sequences,
    which can differ where the length is uncertain.
    glimpses: M, before each symbol; the position follows from how many there were.
    """

    def __init__(self, code_size: int, spec: TaskSpec, hidden_size: Count, glimpses: Count):
        super().__init__()
        self.code_size, self.glimpses, self.query_size = code_size, glimpses, hidden_size
        self.ending = ending(code_size, spec)
        self.digits = nn.ModuleList(nn.Linear(code_size, self.ending.digits) for _ in range(spec.max_steps))

    def start(self, context_RH: Tensor) -> State:
        return (context_RH.new_zeros(len(context_RH), self.code_size),), (), (context_RH,)

    def feed_symbol(self, symbol_R: Tensor, state: State) -> State:
        return state

    def query(self, state: State) -> Tensor:
        return state[2][0]

    def step(self, code_RD: Tensor, state: State) -> State:
        # Glimpses are counted by the length of a tuple: to read a counter from a tensor would synchronise the device.
        return (code_RD,), (*state[1], code_RD[:, :0]), state[2]

    def logits(self, state: State) -> Tensor:
        (code_RD,), seen, _ = state
        step = (len(seen) - 1) // self.glimpses
        return self.ending(code_RD, self.digits[step](code_RD), step)

    def policy_parameters(self, context: list[nn.Parameter]) -> list[nn.Parameter]:
        return context
