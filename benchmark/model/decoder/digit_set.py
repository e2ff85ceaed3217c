"""A decoder that scores the digits of a canvas all at once, for tasks whose class is a function of them.

Axes: R rows, D code, V symbols, K digits of a canvas, P sets of digits that stand for one symbol, C = 10 K scores.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import final

import torch
from torch import Tensor, nn

from benchmark.model.attention.distribution import IMPOSSIBLE
from benchmark.model.decoder.base import Decoder, State
from benchmark.model.decoder.composition import Composition, all_sequences
from datamodules.contract import DIGITS, TaskSpec
from datamodules.ranges import Width


@final
class DigitSet(Decoder):
    """p(y) = sum of p(s) over the sets s of K digits that y stands for, with repetitions; p(s) ~ exp(sum_d sum_{k <= n}
    u_dk), n being how often s has the digit d, and u_dk the score of a k-th copy of it.

    A softmax over all sets whose scores are made of those of their digits: what is learned of a digit in one class is
    known in all, and no digit has to be read from certain glimpses, or in an order. So it may be read of two digits
    that one glimpse sees, one over the other. `DigitByDigit` takes the digits for independent given their glimpses.
    Ours. The labels are those of the task.
    core: the decoder whose classifier gives the scores. Raises ConfigFault where the task's symbols are not of this
    kind.
    """

    count_CVP: Tensor
    pad_VP: Tensor

    def __init__(
        self,
        code_size: int,
        spec: TaskSpec,
        core: Callable[..., Decoder],
        hidden_size: Width,
        detach: bool,
        composition: Composition,
    ):
        super().__init__()
        sets = [sorted({tuple(sorted(each)) for each in found}) for found in all_sequences(composition, spec)]
        digits, most = len(sets[0][0]), max(len(each) for each in sets)
        self.scores = tuple(f"{digit}, copy {copy}" for digit in DIGITS for copy in range(1, digits + 1))
        self.core = core(
            code_size=code_size, spec=replace(spec, symbols=self.scores), hidden_size=hidden_size, detach=detach
        )
        self.query_size = self.core.query_size
        padded = [[*of, *[of[0]] * (most - len(of))] for of in sets]
        copies_VPC = torch.tensor([[copies(each, digits) for each in of] for of in padded])
        pad_VP = torch.tensor([[0.0] * len(of) + [IMPOSSIBLE] * (most - len(of)) for of in sets])
        self.register_buffer("count_CVP", copies_VPC.movedim(-1, 0).float(), persistent=False)
        self.register_buffer("pad_VP", pad_VP, persistent=False)

    def start(self, context_RH: Tensor) -> State:
        return self.core.start(context_RH)

    def feed_symbol(self, symbol_R: Tensor, state: State) -> State:
        # The core's start symbol; there is no other, as the task has one time step.
        return self.core.feed_symbol(torch.full_like(symbol_R, len(self.scores)), state)

    def query(self, state: State) -> Tensor:
        return self.core.query(state)

    def step(self, code_RD: Tensor, state: State) -> State:
        return self.core.step(code_RD, state)

    def logits(self, state: State) -> Tensor:
        score_RVP = torch.einsum("rc,cvp->rvp", self.core.logits(state), self.count_CVP)
        return (score_RVP + self.pad_VP).logsumexp(-1)

    def policy_parameters(self, context: list[nn.Parameter]) -> list[nn.Parameter]:
        return self.core.policy_parameters(context)


def copies(digits: tuple[int, ...], most: int) -> list[int]:
    """For each digit and k up to `most` whether there are at least k of it."""
    found = Counter(digits)
    return [int(found[digit] >= copy) for digit in range(len(DIGITS)) for copy in range(1, most + 1)]
