"""Trajectories sampled once from the policy, and taken again by each further update on the same batch."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import final

from torch import Tensor

from benchmark.model.attention.distribution import CategoricalItems, FiniteDistribution, GlimpseDistribution
from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.trajectories.base import Roll, Trajectories


@final
class RepeatedTrajectories(Trajectories):
    """Each glimpse is sampled, and none softened. Inside `one_batch` the first call samples; further calls take the
    same places, with their log-probability under the policy as it is then. Outside it, every call samples.

    each_glimpse: whether the logits after each glimpse are read out.
    """

    def __init__(self, each_glimpse: bool):
        self.each_glimpse = each_glimpse
        self._repeats = False
        self._places: list[Tensor] = []

    @contextmanager
    def one_batch(self) -> Iterator[None]:
        """Around several updates on one batch."""
        self._repeats = True
        try:
            yield
        finally:
            self._repeats, self._places = False, []

    def __call__(self, roll: Roll, samples: int, target_BT: Tensor) -> Rollout:
        if self._places:
            known = iter(self._places)
            return roll(samples, lambda _: next(known), self.each_glimpse)
        places: list[Tensor] = []

        def taken(where: GlimpseDistribution) -> Tensor:
            places.append(sampled(where).detach())
            return places[-1]

        rollout = roll(samples, taken, self.each_glimpse)
        if self._repeats:
            self._places = places
        return rollout


def sampled(where: GlimpseDistribution) -> Tensor:
    """A sample that is not softened."""
    if isinstance(where, FiniteDistribution):
        return where.place(CategoricalItems(where.log_RN, None).sample())
    return where.sample()
