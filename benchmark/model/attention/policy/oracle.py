"""Glimpses at the annotated boxes: the oracle."""

from typing import final

import torch
from torch import Tensor

from benchmark.model.attention.distribution import PointMass
from benchmark.model.attention.policy.base import ControlPolicy, PolicyOutput, Seen, in_the_plane


@final
class OraclePolicy(ControlPolicy):
    """The centre of each annotated box in turn, the image's centre where there is none: an upper bound of what a policy
    can gain.
    """

    reads_annotations = True

    def forward(self, query_RQ: Tensor, boxes_BN4: Tensor, step: int, seen: Seen) -> PolicyOutput:
        rows = len(query_RQ)
        # A box of NaN, appended, stands for "no box"; like the padding of other images it becomes the image's centre.
        none_B14 = boxes_BN4.new_full((len(boxes_BN4), 1, 4), float("nan"))
        turn = step % max(1, boxes_BN4.shape[1])
        box_B4 = torch.cat([boxes_BN4, none_B14], 1)[:, turn]
        centre_B2 = box_B4.unflatten(-1, (2, 2)).mean(-2)
        location_B2 = (centre_B2 / self.canvas.unit - self.reach_2).nan_to_num()
        location_R2 = location_B2.repeat_interleave(rows // len(boxes_BN4), 0)
        where = PointMass(location_R2, lambda: self.uniform_location(rows))
        return in_the_plane(where, query_RQ)
