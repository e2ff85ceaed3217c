"""Regularisers of attention: terms of the loss that depend on where a model looks.

Axes: B images, S trajectories, T symbols, M glimpses before each, N items.
"""

from abc import ABC, abstractmethod

from torch import Tensor

from benchmark.common.errors import ConfigFault
from benchmark.model.decoding.rollout import Rollout
from datamodules.contract import IGNORED


def of_sequence(rollout: Rollout, target_BT: Tensor) -> Tensor:
    """(B, S, T, M, N) chances of each item, zero at steps that are no part of the image's sequence.

    Raises ConfigFault for a mechanism without items.
    """
    if not rollout.item_probs.shape[-1]:
        raise ConfigFault(["regularizer: weighs items, and this mechanism of attention has none. Use penalty=none"])
    return rollout.item_probs * (target_BT != IGNORED)[:, None, :, None, None]


class Regularizer(ABC):
    """Added to the loss: of each image's trajectory, averaged over both, so that it does not depend on the batch."""

    @abstractmethod
    def __call__(self, rollout: Rollout, target_BT: Tensor) -> Tensor:
        """The mean, with its gradient."""
