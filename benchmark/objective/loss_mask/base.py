"""Which time steps of a sequence the loss counts.

Axes: B images, S trajectories, T time steps.
"""

from abc import ABC, abstractmethod

from torch import Tensor

from benchmark.common.errors import ConfigFault
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


def refuse_mistakes(loss_mask: LossMask, objective: str) -> None:
    """Raises ConfigFault where the loss ends at a mistake and an objective compares the likelihoods of trajectories:
    the one with the earliest mistake would be the likeliest.
    """
    if loss_mask.ends_at_mistake:
        raise ConfigFault(
            [
                f"loss_mask: objective={objective} compares the likelihoods of whole sequences, and with loss_mask="
                "until_first_mistake the earliest mistake would be the likeliest. Use loss_mask=all_steps"
            ]
        )
