"""A decoder that reads the digits of a canvas one after the other, for tasks whose class is a function of them.

Axes: R rows, D code, V symbols, K digits of a canvas, P sequences of digits that stand for one symbol.
"""

from collections.abc import Callable
from dataclasses import replace
from math import log
from typing import final

import torch
from torch import Tensor, nn

from benchmark.common.errors import ConfigFault
from benchmark.model.attention.distribution import IMPOSSIBLE
from benchmark.model.decoder.base import Decoder, State
from benchmark.model.decoder.composition import Composition, all_sequences
from datamodules.contract import DIGITS, TaskSpec
from datamodules.ranges import Count, Width


@final
class DigitByDigit(Decoder):
    """p(y) = sum over the sequences (d_1 .. d_K) that y stands for of prod_k p_k(d_k); p_k is read after the k-th of K
    equal groups of glimpses, by one classifier of digits.

    The labels are those of the task: which digit lies where is not told, and in the sum for a set no order is better
    than another. What is learned of a digit in one class is known in all, where a softmax over classes learns each by
    itself. Ours, after Ba et al. (2015), who read house numbers digit by digit.
    Where an unroll stops before the last glimpse, the group that it is in is read as it is, and digits of later groups
    are uniform.
    core: the decoder whose classifier is read; it is built for the ten digits. glimpses: before the symbol.
    Raises ConfigFault where the task's symbols are not of this kind.
    """

    index_KVP: Tensor
    pad_VP: Tensor

    def __init__(
        self,
        code_size: int,
        spec: TaskSpec,
        core: Callable[..., Decoder],
        hidden_size: Width,
        detach: bool,
        composition: Composition,
        glimpses: Count,
    ):
        super().__init__()
        found = all_sequences(composition, spec)
        if glimpses % (digits := len(found[0][0])):
            raise ConfigFault(
                [f"look.glimpses: {glimpses} glimpses cannot be shared among {digits} digits of a canvas"]
            )
        self.core = core(
            code_size=code_size, spec=replace(spec, symbols=DIGITS), hidden_size=hidden_size, detach=detach
        )
        self.query_size = self.core.query_size
        most = max(len(each) for each in found)
        index_VPK = torch.tensor([[*each, *[each[0]] * (most - len(each))] for each in found])
        # The log-probability of what pads a symbol with fewer sequences of digits than another has.
        pad_VP = torch.tensor([[0.0] * len(each) + [IMPOSSIBLE] * (most - len(each)) for each in found])
        self.every = glimpses // index_VPK.shape[-1]
        self.register_buffer("index_KVP", index_VPK.movedim(-1, 0), persistent=False)
        self.register_buffer("pad_VP", pad_VP, persistent=False)

    def start(self, context_RH: Tensor) -> State:
        return *self.core.start(context_RH), (), ()

    def feed_symbol(self, symbol_R: Tensor, state: State) -> State:
        # The core's start symbol; there is no other, as the task has one time step.
        start_R = torch.full_like(symbol_R, len(DIGITS))
        return *self.core.feed_symbol(start_R, state[:-2]), (), ()

    def query(self, state: State) -> Tensor:
        return self.core.query(state[:-2])

    def step(self, code_RD: Tensor, state: State) -> State:
        core, seen, read = self.core.step(code_RD, state[:-2]), (*state[-2], code_RD[:, :0]), state[-1]
        # Glimpses are counted by the length of a tuple: to read a counter from a tensor would synchronise the device.
        if len(seen) % self.every == 0:
            read = (*read, self.core.logits(core))
        return *core, seen, read

    def logits(self, state: State) -> Tensor:
        read = state[-1]
        if len(state[-2]) % self.every:  # stopped within a group: the classifier as it is
            read = (*read, self.core.logits(state[:-2]))
        log_RVP = self.pad_VP.expand(len(read[0]), -1, -1)
        for logits_RD, index_VP in zip(read, self.index_KVP, strict=False):
            log_RVP = log_RVP + logits_RD.log_softmax(-1)[:, index_VP]
        return log_RVP.logsumexp(-1) - (len(self.index_KVP) - len(read)) * log(len(DIGITS))

    def policy_parameters(self, context: list[nn.Parameter]) -> list[nn.Parameter]:
        return self.core.policy_parameters(context)
