"""Glimpses at the centre."""

from typing import final

from torch import Tensor

from benchmark.model.attention.distribution import GlimpseDistribution, PointMass
from benchmark.model.attention.policy.base import ControlPolicy


@final
class CentrePolicy(ControlPolicy):
    """The image's centre at every glimpse: a control."""

    def forward(self, query_RQ: Tensor, boxes_BN4: Tensor, step: int) -> GlimpseDistribution:
        rows = len(query_RQ)
        return PointMass(self.reach_2.new_zeros(rows, 2), lambda: self.uniform_location(rows))
