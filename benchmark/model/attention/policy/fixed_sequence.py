"""Glimpses at a fixed sequence of locations."""

from typing import final

import torch
from torch import Tensor

from benchmark.model.attention.distribution import PointMass
from benchmark.model.attention.policy.base import Canvas, ControlPolicy, PolicyOutput, Seen, in_the_plane
from datamodules.ranges import Finite


@final
class FixedSequencePolicy(ControlPolicy):
    """The same locations in turn for every image: the crops of a multi-crop CNN.

    places: (x, y) from the image's centre, 1 being its edge.
    """

    place_P2: Tensor

    def __init__(self, canvas: Canvas, query_size: int, places: list[tuple[Finite, Finite]]):
        super().__init__(canvas, query_size)
        self.register_buffer("place_P2", torch.tensor(places), persistent=False)

    def forward(self, query_RQ: Tensor, boxes_BN4: Tensor, step: int, seen: Seen) -> PolicyOutput:
        rows = len(query_RQ)
        location_R2 = (self.place_P2[step % len(self.place_P2)] * self.reach_2).expand(rows, 2)
        where = PointMass(location_R2, lambda: self.uniform_location(rows))
        return in_the_plane(where, query_RQ)
