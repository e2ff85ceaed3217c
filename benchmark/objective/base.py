"""The interface of objectives (training losses), and the log-likelihood of a rollout (eq 8).

Axes: B images, S trajectories, T time steps, M glimpses before each symbol, V symbols, Q query.
"""

from abc import ABC, abstractmethod

from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from benchmark.model.decoding.rollout import Rollout
from datamodules.contract import IGNORED


def log_likelihood(rollout: Rollout, target_BT: Tensor) -> Tensor:
    """(B, S, T) log p(y_t | y_<t, glimpses); zero where the target is IGNORED."""
    target_BST = target_BT[:, None].expand(rollout.logits.shape[:3])
    return -cross_entropy(rollout.logits.movedim(-1, 1), target_BST, ignore_index=IGNORED, reduction="none")


class Objective(nn.Module, ABC):
    """A loss of a rollout.

    samples: S, trajectories of each image in training. for_drawn: whether it has a gradient for a policy whose glimpses
    are sampled.
    """

    samples: int
    for_drawn: bool

    @abstractmethod
    def forward(self, rollout: Rollout, target_BT: Tensor) -> dict[str, Tensor]:
        """`loss`, to be minimised, and terms to be logged, without gradient; all are scalars."""
