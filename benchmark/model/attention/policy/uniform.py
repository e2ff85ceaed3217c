"""Glimpses at locations sampled uniformly: the control "random"."""

from typing import final

from torch import Tensor

from benchmark.model.attention.distribution import GlimpseDistribution, PointMass
from benchmark.model.attention.policy.base import ControlPolicy


@final
class UniformPolicy(ControlPolicy):
    """Every location uniform over the image: the control of a learned policy."""

    def forward(self, query_RQ: Tensor, boxes_BN4: Tensor, step: int) -> GlimpseDistribution:
        rows = len(query_RQ)
        return PointMass(self.uniform_location(rows), lambda: self.uniform_location(rows))
