"""Time steps up to the first mistake count (DRAM).

Axes: B images, S trajectories, T symbols.
"""

from typing import final

import torch
from torch import Tensor

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.loss_mask.base import LossMask, right


@final
class UntilFirstMistake(LossMask):
    """The symbols up to and including the first wrong one of a trajectory teach, nothing after it does (DRAM, which
    calls it crucial: a model that lost its place would be taught to guess).

    Whether the mistake itself counts is not clear from the paper; it does here, or a wrong symbol would never be
    mended. A symbol is wrong where it is not the most probable.
    """

    stops = True

    def __call__(self, rollout: Rollout, target_BT: Tensor) -> Tensor:
        unbroken_BST = right(rollout, target_BT).to(rollout.logits.dtype).cumprod(-1)
        return torch.cat([torch.ones_like(unbroken_BST[..., :1]), unbroken_BST[..., :-1]], -1)
