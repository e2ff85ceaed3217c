"""What is asked of where a model looks, besides that it helps.

Axes: B images, S trajectories, T symbols, M glimpses before each, N items.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import final

from torch import Tensor

from benchmark.common.errors import ConfigFault
from benchmark.model.decoding.rollout import Rollout
from datamodules.contract import IGNORED
from datamodules.ranges import NonNegative, Positive


def of_sequence(rollout: Rollout, target_BT: Tensor) -> Tensor:
    """(B, S, T, M, N) chances of each item, zero at steps that are no part of the image's sequence.

    Raises ConfigFault for a mechanism without items.
    """
    if not rollout.item_probs.shape[-1]:
        raise ConfigFault(["regularizer: weighs items, and this mechanism of attention has none. Use penalty=none"])
    return rollout.item_probs * (target_BT != IGNORED)[:, None, :, None, None]


class Regularizer(ABC):
    """Added to the loss: of each image's trajectory, averaged over both, so that it does not depend on the batch."""

    @abstractmethod
    def __call__(self, rollout: Rollout, target_BT: Tensor) -> Tensor:
        """The mean, with its gradient."""


@final
class NoRegularizer(Regularizer):
    """Asks nothing."""

    def __call__(self, rollout: Rollout, target_BT: Tensor) -> Tensor:
        return rollout.log_prob.new_zeros(())


@final
class RegularizerSum(Regularizer):
    """Several, added up."""

    def __init__(self, parts: Sequence[Regularizer]):
        self.parts = list(parts)

    def __call__(self, rollout: Rollout, target_BT: Tensor) -> Tensor:
        total = rollout.log_prob.new_zeros(())
        for part in self.parts:
            total = total + part(rollout, target_BT)
        return total


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


@final
class EntropyBonus(Regularizer):
    """weight * minus the entropy of where is looked, in nats, summed over a sequence's glimpses: it keeps draws from
    settling too soon (Show, Attend and Tell, eq 12, its lambda_e).
    """

    def __init__(self, weight: NonNegative):
        self.weight = weight

    def __call__(self, rollout: Rollout, target_BT: Tensor) -> Tensor:
        item_probs_BSTMN = of_sequence(rollout, target_BT)
        log_BSTMN = item_probs_BSTMN.clamp(min=1e-12).log()
        return self.weight * (item_probs_BSTMN * log_BSTMN).sum((-3, -2, -1)).mean()
