"""A sum of regularisers.

Axes: B images, S trajectories, T time steps, M glimpses before each symbol, N items.
"""

from collections.abc import Sequence
from typing import final

from torch import Tensor

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.regularizer.base import Regularizer


@final
class RegularizerSum(Regularizer):
    """The sum of its parts, each with a weight of its own."""

    def __init__(self, parts: Sequence[Regularizer]):
        self.parts = list(parts)

    def __call__(self, rollout: Rollout, target_BT: Tensor) -> Tensor:
        total = rollout.log_prob.new_zeros(())
        for part in self.parts:
            total = total + part(rollout, target_BT)
        return total
