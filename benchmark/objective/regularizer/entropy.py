"""An entropy bonus (Show, Attend and Tell, eq 12).

Axes: B images, S trajectories, T symbols, M glimpses before each, N items.
"""

from typing import final

from torch import Tensor

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.regularizer.base import Regularizer, of_sequence
from datamodules.ranges import NonNegative


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
