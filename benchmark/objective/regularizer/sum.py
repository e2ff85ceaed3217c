"""Several regularisers, added.

Axes: B images, S trajectories, T symbols, M glimpses before each, N items.
"""

from collections.abc import Sequence
from typing import final

from torch import Tensor

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.regularizer.base import Regularizer


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
