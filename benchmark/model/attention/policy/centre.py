"""Glimpses at the centre."""

from typing import final

from torch import Tensor

from benchmark.model.attention.distribution import PointMass
from benchmark.model.attention.policy.base import ControlPolicy, PolicyOutput, Seen, in_the_plane


@final
class CentrePolicy(ControlPolicy):
    """The image's centre at every glimpse: a control."""

    def forward(self, query_RQ: Tensor, boxes_BN4: Tensor, step: int, seen: Seen) -> PolicyOutput:
        rows = len(query_RQ)
        where = PointMass(self.reach_2.new_zeros(rows, 2), lambda: self.uniform_location(rows))
        return in_the_plane(where, query_RQ)
