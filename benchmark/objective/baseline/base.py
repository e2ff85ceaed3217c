"""Baselines of REINFORCE: what is subtracted from a trajectory's return.

Axes: B images, S trajectories, T symbols, M glimpses before each, V symbols, Q query.
"""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from benchmark.model.decoding.rollout import Rollout


def mean_of(value_BSTM: Tensor, real_BSTM: Tensor) -> Tensor:
    """The mean over what is real."""
    return (value_BSTM * real_BSTM).sum() / real_BSTM.sum().clamp(min=1)


class Baseline(nn.Module, ABC):
    """What to expect of a trajectory; it must not depend on the draw it corrects."""

    @abstractmethod
    def forward(self, rollout: Rollout, return_BSTM: Tensor, real_BSTM: Tensor) -> tuple[Tensor, Tensor]:
        """((B, S, T, M) baseline without gradient, its own scalar loss). real: 1 for glimpses that count, else 0."""
