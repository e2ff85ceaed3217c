"""Doubly stochastic attention (Show, Attend and Tell, eq 14).

Axes: B images, S trajectories, T time steps, M glimpses before each symbol, N items.
"""

from abc import ABC, abstractmethod
from typing import final

from torch import Tensor

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.regularizer.base import Regularizer, sequence_item_probs
from datamodules.ranges import NonNegative, Positive


class AttentionTarget(ABC):
    """How much attention each item should get, summed over a whole sequence."""

    @abstractmethod
    def __call__(self, item_probs_BSTMN: Tensor) -> Tensor:
        """The target, broadcastable to (B, S, N)."""


@final
class FixedTarget(AttentionTarget):
    """The same for every sequence. Show, Attend and Tell: 1, which cannot be reached with fewer words than items."""

    def __init__(self, value: Positive):
        self.value = value

    def __call__(self, item_probs_BSTMN: Tensor) -> Tensor:
        return item_probs_BSTMN.new_full((), self.value)


@final
class MeanTarget(AttentionTarget):
    """The number of glimpses divided by the number of items: uniform attention (a port of Show, Attend and Tell has
    16 / 196).
    """

    def __call__(self, item_probs_BSTMN: Tensor) -> Tensor:
        return item_probs_BSTMN.detach().sum((-3, -2)).mean(-1, keepdim=True)


class ItemReduction(ABC):
    """How the squared deviations of the items are reduced."""

    @abstractmethod
    def __call__(self, square_BSN: Tensor) -> Tensor:
        """(B, S)."""


@final
class SumOverItems(ItemReduction):
    """Their sum: the paper's formula."""

    def __call__(self, square_BSN: Tensor) -> Tensor:
        return square_BSN.sum(-1)


@final
class MeanOverItems(ItemReduction):
    """Their mean, so that the term does not grow with the grid: the paper's code, and most ports."""

    def __call__(self, square_BSN: Tensor) -> Tensor:
        return square_BSN.mean(-1)


@final
class DoublyStochastic(Regularizer):
    """weight * sum_i (target - sum_t alpha_ti)^2: over a sequence all items should get equal attention (Show, Attend
    and Tell, eq 14). alpha is the probability of an item, for soft attention its weight.

    Its strength differs by a factor of 200 among implementations with the same weight of 1: the paper sums over items;
    its code averages over items and sums over the batch; ports average over both. Here it is averaged over images, and
    is added to the negative log-likelihood of a whole sequence. Time steps after the end do not count.
    """

    def __init__(self, weight: NonNegative, target: AttentionTarget, over: ItemReduction):
        self.weight, self.target, self.over = weight, target, over

    def __call__(self, rollout: Rollout, target_BT: Tensor) -> Tensor:
        item_probs_BSTMN = sequence_item_probs(rollout, target_BT)
        gap_BSN = self.target(item_probs_BSTMN) - item_probs_BSTMN.sum((-3, -2))
        return self.weight * self.over(gap_BSN.square()).mean()
