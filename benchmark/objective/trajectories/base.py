"""Which trajectories of an image an objective is computed from: samples, all there are, relaxed ones."""

from abc import ABC, abstractmethod
from typing import Protocol

from benchmark.common.errors import ConfigFault
from benchmark.model.attention.distribution import Draw, FiniteDistribution, GlimpseDistribution
from benchmark.model.decoding.rollout import Rollout


class Roll(Protocol):
    """Makes rollouts of one batch over its true sequences, as many as are asked for."""

    def __call__(self, samples: int, draw: Draw, each_glimpse: bool = False) -> Rollout:
        """Of so many trajectories of each image. draw: how a glimpse is taken from its distribution. each_glimpse:
        whether the rollout has `glimpse_logits`.
        """


class Trajectories(ABC):
    """How the rollout is made that an objective is computed from."""

    @abstractmethod
    def __call__(self, roll: Roll, samples: int) -> Rollout:
        """The rollout. samples: `Objective.samples`. Raises ConfigFault for a mechanism that it cannot be made of."""


def finite(where: GlimpseDistribution, objective: str) -> FiniteDistribution:
    """The distribution, if its places can be enumerated. Raises ConfigFault for others, naming the objective."""
    if not isinstance(where, FiniteDistribution):
        raise ConfigFault(
            [
                f"objective: {objective} needs glimpses that are sampled from finitely many places, as by attention="
                "item_hard or attention/policy=map. This mechanism samples from infinitely many, or does not sample. "
                "Use objective=reinforce where locations are sampled, objective=likelihood where nothing is"
            ]
        )
    return where
