"""Glimpses at places drawn uniformly: the control "random"."""

from typing import final

from torch import Tensor

from benchmark.model.attention.distribution import GlimpseDistribution, PointMass
from benchmark.model.attention.policy.base import ControlPolicy


@final
class UniformPolicy(ControlPolicy):
    """Anywhere, each glimpse: the control that a learned policy must beat."""

    def forward(self, query_RQ: Tensor, boxes_BN4: Tensor, step: int) -> GlimpseDistribution:
        rows = len(query_RQ)
        return PointMass(self.anywhere(rows), lambda: self.anywhere(rows))
