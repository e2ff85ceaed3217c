"""The log-likelihood as the reward: the variational bound.

Axes: B images, S trajectories, T time steps.
"""

from typing import final

from torch import Tensor

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.reward.base import Reward
from datamodules.ranges import Positive


@final
class LogLikelihood(Reward):
    """scale * log p(y_t): with scale 1 the only reward for which REINFORCE estimates the gradient of eq 44."""

    can_be_negative = True

    def __init__(self, scale: Positive):
        self.scale = scale

    def __call__(self, rollout: Rollout, log_BST: Tensor, target_BT: Tensor) -> Tensor:
        return self.scale * log_BST.detach()
