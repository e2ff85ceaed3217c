"""The decoder of CNNs that read a sequence at one glance: how long it is, and what stands at each position.

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
    """Joins what stands at a position with whether the sequence goes so far. digits: symbols that are not the end."""

    digits: int

    @abstractmethod
    def forward(self, code_RD: Tensor, digit_RV: Tensor, step: int) -> Tensor:
        """(R, V) scores of the symbol at this step, from the scores of its digit."""


@final
class NoEnd(Ending):
    """Every sequence is equally long."""

    def __init__(self, code_size: int, spec: TaskSpec):
        super().__init__()
        self.digits = len(spec.symbols)

    def forward(self, code_RD: Tensor, digit_RV: Tensor, step: int) -> Tensor:
        return digit_RV


@final
class ByLength(Ending):
    """A softmax over the lengths 0, 1, ..., T - 1, and T or more: Goodfellow et al.'s 0 to 5 and "more than 5".

    The end is said at step t with p(L = t) / p(L >= t), digit d with p(L > t) / p(L >= t) * p_t(d). Over a sequence of
    length L the fractions cancel, and what is left is p(L) * p_0(d_0) * ... * p_{L-1}(d_{L-1}), their likelihood. It
    has no gradient for the digits of positions past the length, as theirs.
    """

    def __init__(self, code_size: int, spec: TaskSpec, end: int):
        super().__init__()
        self.digits, self.end = len(spec.symbols) - 1, end
        self.length = nn.Linear(code_size, spec.max_steps + 1)

    def forward(self, code_RD: Tensor, digit_RV: Tensor, step: int) -> Tensor:
        # Given that the sequence came so far: the lengths before are out of the question.
        log_RL = self.length(code_RD)[:, step:].log_softmax(-1)
        on_R1 = log_RL[:, 1:].logsumexp(-1, keepdim=True)
        before_RV, after_RV = (on_R1 + digit_RV.log_softmax(-1)).tensor_split([self.end], -1)
        return torch.cat([before_RV, log_RL[:, :1], after_RV], -1)


def ending(code_size: int, spec: TaskSpec) -> Ending:
    """What the task needs."""
    return NoEnd(code_size, spec) if spec.end is None else ByLength(code_size, spec, spec.end)


@final
class Positions(Decoder):
    """One softmax for each position, all read from the same code (Goodfellow et al. 2013): no recurrence, and deaf to
    the symbols said before.

    They have five positions and a length of "more than 5" that names no digits; here each of the T steps has one. The
    loop says the most probable symbol step by step, and stops at the first end; they compare whole sequences, which
    can differ where the length is in doubt.
    glimpses: before each symbol; a position is told by how many there were.
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
        # The glimpses so far are counted by the length of a tuple: a tensor could not say it without a wait.
        return (code_RD,), (*state[1], code_RD[:, :0]), state[2]

    def logits(self, state: State) -> Tensor:
        (code_RD,), seen, _ = state
        step = len(seen) // self.glimpses - 1
        return self.ending(code_RD, self.digits[step](code_RD), step)

    def policy_parameters(self, context: list[nn.Parameter]) -> list[nn.Parameter]:
        return context
