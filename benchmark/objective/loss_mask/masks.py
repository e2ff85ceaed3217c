"""Which symbols of a sequence teach: all of them, or those up to the first mistake.

Axes: B images, S trajectories, T symbols.
"""

from abc import ABC, abstractmethod
from typing import final

import torch
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


@final
class AllSteps(LossMask):
    """Every symbol teaches: the likelihood as it is."""

    stops = False

    def __call__(self, rollout: Rollout, target_BT: Tensor) -> Tensor:
        return torch.ones_like(rollout.logits[..., 0])


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
