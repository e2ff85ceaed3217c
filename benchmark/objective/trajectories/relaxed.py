"""Trajectories whose samples are relaxed, so that the likelihood's gradient reaches the policy through them.

Axes: R rows, N places.
"""

from collections.abc import Callable
from typing import final

from torch import Tensor

from benchmark.model.attention.distribution import FiniteDistribution
from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.trajectories.base import Roll, Taken, Trajectories, log_exponential, rolled


def gumbel_softmax(log_RN: Tensor, temperature: Tensor) -> Tensor:
    """(R, N) softmax((log p + G) / temperature) with G ~ Gumbel(0, 1): a sample of the concrete distribution. Its
    largest entry is at a sample of p (Maddison et al. 2017; Jang et al. 2017, eq 2).
    """
    return ((log_RN - log_exponential(log_RN)) / temperature).softmax(-1)


@final
class RelaxedTrajectories(Trajectories):
    """Each glimpse is at the place of relaxed weights. No glimpse is softened.

    weights: of a distribution, (R, N) with gradient. objective: the choice, for messages.
    """

    def __init__(self, weights: Callable[[FiniteDistribution], Tensor], objective: str):
        self.weights, self.objective = weights, objective

    def __call__(self, roll: Roll, samples: int, target_BT: Tensor) -> Rollout:
        def relaxed(where: FiniteDistribution, number: int) -> Taken:
            return where.place(self.weights(where)), None

        return rolled(roll, samples, relaxed, self.objective)
