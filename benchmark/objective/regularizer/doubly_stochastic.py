"""Doubly stochastic attention (Show, Attend and Tell, eq 14).

Axes: B images, S trajectories, T symbols, M glimpses before each, N items.
"""

from abc import ABC, abstractmethod
from typing import final

from torch import Tensor

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.regularizer.base import Regularizer, of_sequence
from datamodules.ranges import NonNegative, Positive


class AttentionTarget(ABC):
    """How much attention each item is to get over a whole sequence."""

    @abstractmethod
    def __call__(self, item_probs_BSTMN: Tensor) -> Tensor:
        """What broadcasts against (B, S, N)."""


@final
class FixedTarget(AttentionTarget):
    """The same for every sequence. Show, Attend and Tell: 1, which many items and few words can't reach."""

    def __init__(self, value: Positive):
        self.value = value

    def __call__(self, item_probs_BSTMN: Tensor) -> Tensor:
        return item_probs_BSTMN.new_full((), self.value)


@final
class MeanTarget(AttentionTarget):
    """Its glimpses divided by the items: what there is, spread evenly (a port of Show, Attend and Tell: 16 / 196)."""

    def __call__(self, item_probs_BSTMN: Tensor) -> Tensor:
        return item_probs_BSTMN.detach().sum((-3, -2)).mean(-1, keepdim=True)


class ItemReduction(ABC):
    """What the squares of all items come to."""

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
    """Their mean, so that the penalty does not grow with the grid: the papers' code, and most ports."""

    def __call__(self, square_BSN: Tensor) -> Tensor:
        return square_BSN.mean(-1)


@final
class DoublyStochastic(Regularizer):
    """weight * sum_i (target - sum_t alpha_ti)^2: over a sequence all items are to be attended alike (Show, Attend and
    Tell, eq 14). alpha is the chance of an item, for soft attention its weight.

    Its strength differs by a factor of 200 among codes that all say "1": the paper sums over items; its authors' code
    averages over items and sums over the batch; ports average over both. Here it is of an image, whatever the batch,
    and stands beside the likelihood of a whole sequence. Steps after the end count for nothing.
    """

    def __init__(self, weight: NonNegative, target: AttentionTarget, over: ItemReduction):
        self.weight, self.target, self.over = weight, target, over

    def __call__(self, rollout: Rollout, target_BT: Tensor) -> Tensor:
        item_probs_BSTMN = of_sequence(rollout, target_BT)
        gap_BSN = self.target(item_probs_BSTMN) - item_probs_BSTMN.sum((-3, -2))
        return self.weight * self.over(gap_BSN.square()).mean()
