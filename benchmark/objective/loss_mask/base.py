"""Which time steps of a sequence the loss counts.

Axes: B images, S trajectories, T symbols.
"""

from abc import ABC, abstractmethod

from torch import Tensor

from benchmark.model.decoding.rollout import Rollout
from datamodules.contract import IGNORED


def right(rollout: Rollout, target_BT: Tensor) -> Tensor:
    """(B, S, T) whether each symbol is the most probable; true where there is none."""
    return (rollout.logits.argmax(-1) == target_BT[:, None]) | (target_BT == IGNORED)[:, None]


class LossMask(ABC):
    """Weighs each symbol's part in a gradient: its likelihood, its reward and the scores of its glimpses.

    stops: whether what comes after a mistake counts for nothing.
    """

    stops: bool

    @abstractmethod
    def __call__(self, rollout: Rollout, target_BT: Tensor) -> Tensor:
        """(B, S, T) of ones and zeros, free of gradient."""
