"""Trajectories sampled from the policy."""

from typing import final

from torch import Tensor

from benchmark.model.attention.distribution import sample
from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.trajectories.base import Roll, Trajectories


@final
class SampledTrajectories(Trajectories):
    """Each glimpse is sampled. each_glimpse: whether the logits after each glimpse are read out."""

    shares_batches = True

    def __init__(self, each_glimpse: bool):
        self.each_glimpse = each_glimpse

    def __call__(self, roll: Roll, samples: int, target_BT: Tensor) -> Rollout:
        return roll(samples, sample, self.each_glimpse)
