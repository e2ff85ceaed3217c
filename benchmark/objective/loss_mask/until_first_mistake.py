"""Time steps up to the first mistake count (DRAM).

Axes: B images, S trajectories, T time steps.
"""

from typing import final

import torch
from torch import Tensor

from benchmark.model.decoding.rollout import Rollout
from benchmark.objective.loss_mask.base import LossMask, correct


@final
class UntilFirstMistake(LossMask):
    """Ones up to and including a trajectory's first mistake, zeros after it (DRAM, which calls it crucial: after a
    mistake the glimpses are at the wrong digits, and the model would learn to guess).

    The paper leaves open whether the mistake itself counts; it does here, or a wrong symbol would never be corrected. A
    mistake is a true symbol that is not the most probable.
    """

    ends_at_mistake = True

    def __call__(self, rollout: Rollout, target_BT: Tensor) -> Tensor:
        unbroken_BST = correct(rollout, target_BT).to(rollout.logits.dtype).cumprod(-1)
        return torch.cat([torch.ones_like(unbroken_BST[..., :1]), unbroken_BST[..., :-1]], -1)
