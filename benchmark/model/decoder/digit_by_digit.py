"""A decoder that reads the digits of a canvas one after the other, for tasks whose class is a function of them.

Axes: R rows, D code, V symbols, K digits of a canvas, P sequences of digits that stand for one symbol.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from itertools import permutations, product
from math import log
from typing import final

import torch
from torch import Tensor, nn

from benchmark.common.errors import ConfigFault
from benchmark.model.attention.distribution import IMPOSSIBLE
from benchmark.model.decoder.base import Decoder, State
from datamodules.contract import DIGITS, TaskSpec
from datamodules.ranges import Count, Width


class Composition(ABC):
    """What a symbol says of the digits of a canvas."""

    @abstractmethod
    def sequences(self, symbol: str) -> list[tuple[int, ...]]:
        """All sequences of K digits that the symbol stands for. Raises ValueError where it is none of this kind."""


@final
class UnorderedDigits(Composition):
    """A symbol such as "3 7" is a set of digits, with repetitions: its sequences are the permutations."""

    def sequences(self, symbol: str) -> list[tuple[int, ...]]:
        return sorted(set(permutations([DIGITS.index(digit) for digit in symbol.split()])))


@final
class DigitSum(Composition):
    """A symbol such as "10" is the sum of the digits. digits: K."""

    def __init__(self, digits: Count):
        self.digits = digits

    def sequences(self, symbol: str) -> list[tuple[int, ...]]:
        found = [each for each in product(range(len(DIGITS)), repeat=self.digits) if sum(each) == int(symbol)]
        if not found:
            raise ValueError(f"no {self.digits} digits add up to {symbol}")
        return found


def all_sequences(composition: Composition, spec: TaskSpec, glimpses: int) -> list[list[tuple[int, ...]]]:
    """Of each symbol. Raises ConfigFault where they are not all of one length, or glimpses do not divide into them."""
    knobs = "decoder.composition"
    if spec.max_steps != 1 or spec.end is not None:
        raise ConfigFault([f"{knobs}: the decoder reads one symbol of an image, and {spec.name} has sequences of them"])
    try:
        found = [composition.sequences(symbol) for symbol in spec.symbols]
    except ValueError as error:
        raise ConfigFault([f"{knobs}: the symbols of {spec.name} are not of this kind: {error}"]) from error
    lengths = {len(sequence) for each in found for sequence in each}
    if len(lengths) != 1:
        raise ConfigFault([f"{knobs}: the symbols of {spec.name} do not all stand for equally many digits"])
    (digits,) = lengths
    if glimpses % digits:
        raise ConfigFault([f"look.glimpses: {glimpses} glimpses cannot be shared among {digits} digits of a canvas"])
    return found


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
        found = all_sequences(composition, spec, glimpses)
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
