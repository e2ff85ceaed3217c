"""No regulariser.

Axes: B images, S trajectories, T symbols, M glimpses before each, N items.
"""

from typing import final

from torch import Tensor

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.regularizer.base import Regularizer


@final
class NoRegularizer(Regularizer):
    """Asks nothing."""

    def __call__(self, rollout: Rollout, target_BT: Tensor) -> Tensor:
        return rollout.log_prob.new_zeros(())
