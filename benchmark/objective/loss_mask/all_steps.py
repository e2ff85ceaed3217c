"""Every time step counts.

Axes: B images, S trajectories, T symbols.
"""

from typing import final

import torch
from torch import Tensor

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.loss_mask.base import LossMask


@final
class AllSteps(LossMask):
    """Every symbol teaches: the likelihood as it is."""

    stops = False

    def __call__(self, rollout: Rollout, target_BT: Tensor) -> Tensor:
        return torch.ones_like(rollout.logits[..., 0])
