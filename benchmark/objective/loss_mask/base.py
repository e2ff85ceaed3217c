"""Which time steps of a sequence the loss counts.

Axes: B images, S trajectories, T time steps.
"""

from abc import ABC, abstractmethod

from torch import Tensor

from benchmark.model.decoding.rollout import Rollout
from datamodules.contract import IGNORED


def correct(rollout: Rollout, target_BT: Tensor) -> Tensor:
    """(B, S, T) whether the true symbol is the most probable; true where the target is IGNORED."""
    return (rollout.logits.argmax(-1) == target_BT[:, None]) | (target_BT == IGNORED)[:, None]


class LossMask(ABC):
    """Masks time steps in the loss: their likelihood, their reward and the policy gradient of their glimpses.

    ends_at_mistake: whether time steps after a mistake are masked.
    """

    ends_at_mistake: bool

    @abstractmethod
    def __call__(self, rollout: Rollout, target_BT: Tensor) -> Tensor:
        """(B, S, T) ones and zeros, without gradient."""
