"""The decoder of a multi-crop CNN: glimpses are averaged, without recurrence.

Axes: R rows, n glimpses so far, D code, V symbols.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import final

import torch
from torch import Tensor, nn

from benchmark.model.decoder.base import Decoder, State, at_position, position_classifier
from datamodules.contract import TaskSpec
from datamodules.ranges import Count, Width


class CropMerge(ABC):
    """How the glimpses so far are combined into one prediction."""

    @abstractmethod
    def __call__(self, code_RnD: Tensor, head: Callable[[Tensor], Tensor]) -> Tensor:
        """(R, V) logits. head: the classifier."""


@final
class MeanProbability(CropMerge):
    """The mean of the class probabilities of each glimpse; logits are its logarithm."""

    def __call__(self, code_RnD: Tensor, head: Callable[[Tensor], Tensor]) -> Tensor:
        logits_RnV = head(code_RnD)
        return logits_RnV.log_softmax(-1).logsumexp(1) - torch.tensor(logits_RnV.shape[1]).log()


@final
class MeanCode(CropMerge):
    """The classifier on the mean of the codes."""

    def __call__(self, code_RnD: Tensor, head: Callable[[Tensor], Tensor]) -> Tensor:
        return head(code_RnD.mean(1))


@final
class MultiCrop(Decoder):
    """No recurrence: the prediction is a symmetric function of all glimpses so far, those before earlier symbols too.
    Each position of a sequence has a classifier of its own.

    hidden_size: width of the context, which only a policy would read. head: widths of ReLU layers before the logits.
    """

    def __init__(self, code_size: int, spec: TaskSpec, hidden_size: Count, head: list[Width], merge: CropMerge):
        super().__init__()
        self.query_size, self.spec = hidden_size, spec
        self.head = position_classifier(code_size, head, spec)
        self.merge = merge

    def start(self, context_RH: Tensor) -> State:
        return (context_RH,), (), ()

    def feed_symbol(self, symbol_R: Tensor, state: State) -> State:
        return state[0], (*state[1], symbol_R), state[2]

    def query(self, state: State) -> Tensor:
        return state[0][0]

    def step(self, code_RD: Tensor, state: State) -> State:
        return state[0], state[1], (*state[2], code_RD)

    def logits(self, state: State) -> Tensor:
        _, fed, codes = state
        return self.merge(torch.stack(codes, 1), lambda code: at_position(self.head(code), len(fed) - 1, self.spec))

    def policy_parameters(self, context: list[nn.Parameter]) -> list[nn.Parameter]:
        return context
