"""Which trajectories of an image an objective is computed from: samples, all there are, relaxed ones."""

from abc import ABC, abstractmethod
from typing import Protocol

import torch
from torch import Tensor

from benchmark.common.errors import ConfigFault
from benchmark.model.attention.distribution import Draw, FiniteDistribution, GlimpseDistribution
from benchmark.model.decoding.rollout import Rollout


class Roll(Protocol):
    """Makes rollouts of one batch over its true sequences, as many as are asked for."""

    def __call__(self, samples: int, draw: Draw, each_glimpse: bool = False) -> Rollout:
        """Of so many trajectories of each image. draw: how a glimpse is taken from its distribution. each_glimpse:
        whether the rollout has `glimpse_logits`.
        """


class Trajectories(ABC):
    """How the rollout is made that an objective is computed from.

    shares_batches: whether several processes can each make the rollout of some of the images, with the draws of one
    process and nothing beside them.
    """

    shares_batches: bool = False

    @abstractmethod
    def __call__(self, roll: Roll, samples: int, target_BT: Tensor) -> Rollout:
        """The rollout. samples: `Objective.samples`. target_BT: its targets, for those that look at them. Raises
        ConfigFault for a mechanism that it cannot be made of.
        """


def noted(rollout: Rollout, notes: list[Tensor]) -> Rollout:
    """The rollout with what was written down of each glimpse, (R, K) in the order of the glimpses."""
    samples, time_steps, glimpses = rollout.log_prob.shape[1:]
    notes_PTMRK = torch.stack(notes).unflatten(0, (-1, time_steps, glimpses))  # P passes, side by side in the batch
    notes_PRTMK = notes_PTMRK.movedim(3, 1)
    return rollout._replace(notes=notes_PRTMK.flatten(0, 1).unflatten(0, (-1, samples)))


def log_exponential(like_RN: Tensor) -> Tensor:
    """(R, N) logs of samples of Exponential(1): minus Gumbel(0, 1)."""
    return torch.empty_like(like_RN).exponential_().log()


def finite(where: GlimpseDistribution, objective: str) -> FiniteDistribution:
    """The distribution, if its places can be enumerated. Raises ConfigFault for others, naming the objective."""
    if not isinstance(where, FiniteDistribution):
        raise ConfigFault(
            [
                f"objective: {objective} needs glimpses that are sampled from finitely many places, as by attention="
                "item_hard or attention/policy=map. This mechanism samples from infinitely many, or does not sample. "
                "Use objective=reinforce where locations are sampled, objective=likelihood where nothing is"
            ]
        )
    return where
