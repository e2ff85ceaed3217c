"""An entropy bonus (Show, Attend and Tell, eq 12).

Axes: B images, S trajectories, T time steps, M glimpses before each symbol, N items.
"""

from typing import final

from torch import Tensor

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.regularizer.base import Regularizer, sequence_item_probs
from datamodules.ranges import NonNegative


@final
class EntropyBonus(Regularizer):
    """-weight * H(item_probs), the entropy in nats, summed over a sequence's glimpses: it keeps a policy over items
    from becoming deterministic too early (Show, Attend and Tell, eq 12; weight is lambda_e).
    """

    def __init__(self, weight: NonNegative):
        self.weight = weight

    def __call__(self, rollout: Rollout, target_BT: Tensor) -> Tensor:
        item_probs_BSTMN = sequence_item_probs(rollout, target_BT)
        log_BSTMN = item_probs_BSTMN.clamp(min=1e-12).log()
        return self.weight * (item_probs_BSTMN * log_BSTMN).sum((-3, -2, -1)).mean()
