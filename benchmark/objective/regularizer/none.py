"""No regulariser.

Axes: B images, S trajectories, T time steps, M glimpses before each symbol, N items.
"""

from typing import final

from torch import Tensor

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.regularizer.base import Regularizer


@final
class NoRegularizer(Regularizer):
    """Zero."""

    is_zero = True

    def __call__(self, rollout: Rollout, target_BT: Tensor) -> Tensor:
        return rollout.log_prob.new_zeros(())
