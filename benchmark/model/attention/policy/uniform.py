"""Glimpses at locations sampled uniformly: the control "random"."""

from typing import final

from torch import Tensor

from benchmark.model.attention.distribution import PointMass
from benchmark.model.attention.policy.base import ControlPolicy, PolicyOutput, Seen, in_the_plane


@final
class UniformPolicy(ControlPolicy):
    """Every location uniform over the image: the control of a learned policy."""

    def forward(self, query_RQ: Tensor, boxes_BN4: Tensor, step: int, seen: Seen) -> PolicyOutput:
        rows = len(query_RQ)
        where = PointMass(self.uniform_location(rows), lambda: self.uniform_location(rows))
        return in_the_plane(where, query_RQ)
