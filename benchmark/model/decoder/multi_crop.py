"""Looks without an order: what a CNN does that is shown several crops of an image.

Axes: R rows, n looks so far, D code, V symbols.
"""

from abc import ABC, abstractmethod
from typing import final

import torch
from torch import Tensor, nn

from benchmark.model.decoder.base import Decoder, State, classifier
from datamodules.contract import TaskSpec
from datamodules.ranges import Count


class CropMerge(ABC):
    """How looks become one answer."""

    @abstractmethod
    def __call__(self, code_RnD: Tensor, head: nn.Module) -> Tensor:
        """(R, V) scores."""


@final
class MeanProbability(CropMerge):
    """The mean of what the classifier says of each look, as probabilities; scores are its logarithm."""

    def __call__(self, code_RnD: Tensor, head: nn.Module) -> Tensor:
        logits_RnV = head(code_RnD)
        return logits_RnV.log_softmax(-1).logsumexp(1) - torch.tensor(logits_RnV.shape[1]).log()


@final
class MeanCode(CropMerge):
    """What the classifier says of the mean code."""

    def __call__(self, code_RnD: Tensor, head: nn.Module) -> Tensor:
        scores_RV: Tensor = head(code_RnD.mean(1))
        return scores_RV


@final
class MultiCrop(Decoder):
    """No recurrence: all looks so far count alike, and the answer does not depend on their order. Its state is their
    codes, so in a sequence each symbol is said of all looks up to it.
    """

    def __init__(self, code_size: int, spec: TaskSpec, hidden_size: Count, head: list[Count], merge: CropMerge):
        super().__init__()
        self.query_size = hidden_size
        self.head = classifier(code_size, head, len(spec.symbols))
        self.merge = merge

    def start(self, context_RH: Tensor) -> State:
        return (context_RH,), ()

    def feed_symbol(self, symbol_R: Tensor, state: State) -> State:
        return state

    def query(self, state: State) -> Tensor:
        return state[0][0]

    def step(self, code_RD: Tensor, state: State) -> State:
        return state[0], (*state[1], code_RD)

    def logits(self, state: State) -> Tensor:
        return self.merge(torch.stack(state[1], 1), self.head)

    def policy_parameters(self, context: list[nn.Parameter]) -> list[nn.Parameter]:
        return context
