"""Every time step counts.

Axes: B images, S trajectories, T time steps.
"""

from typing import final

import torch
from torch import Tensor

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.loss_mask.base import LossMask


@final
class AllSteps(LossMask):
    """All ones: the likelihood of the whole sequence."""

    ends_at_mistake = False

    def __call__(self, rollout: Rollout, target_BT: Tensor) -> Tensor:
        return torch.ones_like(rollout.logits[..., 0])
