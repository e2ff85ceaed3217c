"""Trajectories whose locations are differentiable functions of noise.

Axes: R rows.
"""

from typing import final

from torch import Tensor

from benchmark.common.errors import ConfigFault
from benchmark.model.attention.distribution import FiniteDistribution, Gaussian, GlimpseDistribution
from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.trajectories.base import Roll, Trajectories


@final
class ReparameterisedTrajectories(Trajectories):
    """Each location is mean + std * noise, its gradient by the mean, and by a learned std, scaled by `coefficient`.

    What is not a Gaussian, as the first glimpse of RAM, is sampled. Raises ConfigFault for items. objective: the
    choice, for messages.
    """

    def __init__(self, coefficient: float, objective: str):
        self.coefficient, self.objective = coefficient, objective

    def __call__(self, roll: Roll, samples: int, target_BT: Tensor) -> Rollout:
        def reparameterised(where: GlimpseDistribution) -> Tensor:
            if isinstance(where, FiniteDistribution):
                raise ConfigFault(
                    [
                        f"objective: {self.objective} differentiates a location by its mean, and this mechanism "
                        "samples items, which have none. Use objective=gumbel or objective=reinforce"
                    ]
                )
            if not isinstance(where, Gaussian):
                return where.sample()
            place = where.reparameterised()
            return place.detach() + self.coefficient * (place - place.detach())

        return roll(samples, reparameterised)
