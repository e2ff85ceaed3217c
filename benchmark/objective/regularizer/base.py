"""Regularisers of attention: terms of the loss that depend on the attention weights only.

Axes: B images, S trajectories, T time steps, M glimpses before each symbol, N items.
"""

from abc import ABC, abstractmethod

from torch import Tensor

from benchmark.common.errors import ConfigFault
from benchmark.model.decoding.rollout import Rollout
from datamodules.contract import IGNORED


def sequence_item_probs(rollout: Rollout, target_BT: Tensor) -> Tensor:
    """(B, S, T, M, N) item_probs, zero at time steps after the end of the image's sequence.

    Raises ConfigFault for a mechanism without items.
    """
    if not rollout.item_probs.shape[-1]:
        raise ConfigFault(
            ["regularizer: needs attention over items, which this mechanism is not. Use regularizer=none"]
        )
    return rollout.item_probs * (target_BT != IGNORED)[:, None, :, None, None]


class Regularizer(ABC):
    """A term added to the loss, averaged over images and trajectories. is_zero: whether it always is 0."""

    is_zero: bool = False

    @abstractmethod
    def __call__(self, rollout: Rollout, target_BT: Tensor) -> Tensor:
        """The scalar term, with gradient."""


def refuse_regularizer(regularizer: Regularizer, objective: str) -> None:
    """Raises ConfigFault for any regulariser where an objective enumerates trajectories: it is a mean over samples."""
    if not regularizer.is_zero:
        raise ConfigFault(
            [
                f"regularizer: objective={objective} enumerates trajectories, and a regulariser is a mean over sampled "
                "ones. Use regularizer=none"
            ]
        )
