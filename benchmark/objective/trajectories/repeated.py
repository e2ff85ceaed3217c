"""Trajectories sampled once from the policy, and taken again by each further update on the same batch."""

from typing import final

from torch import Tensor

from benchmark.model.attention.distribution import CategoricalItems, FiniteDistribution, GlimpseDistribution
from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.trajectories.base import Roll, Trajectories
from benchmark.objective.updates import SeveralUpdates


@final
class RepeatedTrajectories(Trajectories):
    """Each glimpse is sampled, and none softened. Further updates on the same batch take the same places, with their
    log-probability under the policy as it is then.

    each_glimpse: whether the logits after each glimpse are read out.
    """

    def __init__(self, each_glimpse: bool, updates: SeveralUpdates):
        self.each_glimpse, self.updates = each_glimpse, updates

    def __call__(self, roll: Roll, samples: int, target_BT: Tensor) -> Rollout:
        places = self.updates.first("places", list[Tensor])
        if places:
            known = iter(places)
            return roll(samples, lambda _: next(known), self.each_glimpse)

        def taken(where: GlimpseDistribution) -> Tensor:
            places.append(sampled(where).detach())
            return places[-1]

        return roll(samples, taken, self.each_glimpse)


def sampled(where: GlimpseDistribution) -> Tensor:
    """A sample that is not softened."""
    if isinstance(where, FiniteDistribution):
        return where.place(CategoricalItems(where.log_RN, None).sample())
    return where.sample()
