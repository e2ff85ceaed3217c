"""Which trajectories of an image an objective is computed from: samples, all there are, relaxed ones."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor

from benchmark.common.errors import ConfigFault
from benchmark.model.attention.distribution import Draw, FiniteDistribution, GlimpseDistribution, PointMass
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


Taken = tuple[Tensor, Tensor | None]
"""Where a glimpse is taken, and what is written down of it, (R, K), None for nothing."""


def rolled(roll: Roll, samples: int, take: Callable[[FiniteDistribution, int], Taken], objective: str) -> Rollout:
    """The rollout whose glimpses are where `take` says, given their distribution and their number from 0, with what it
    writes down of them as notes. A glimpse with one place to be at, as the first of a policy that starts at the centre,
    is there, and its notes are zero. Raises ConfigFault where places cannot be enumerated, or none is sampled.
    """
    notes: list[Tensor | None] = []
    sampled = False

    def draw(where: GlimpseDistribution) -> Tensor:
        nonlocal sampled
        if isinstance(where, PointMass):
            place, note = where.sample(), None
        elif isinstance(where, FiniteDistribution):
            place, note = take(where, len(notes))
            sampled = True
        else:
            raise not_enumerable(objective)
        notes.append(note)
        return place

    rollout = roll(samples, draw)
    if not sampled:
        raise not_enumerable(objective)
    return _noted(rollout, notes)


def not_enumerable(objective: str) -> ConfigFault:
    """The fault of an objective whose mechanism does not sample from finitely many places."""
    return ConfigFault(
        [
            f"objective: {objective} needs glimpses that are sampled from finitely many places, as by attention="
            "item_hard or attention/policy=map. This mechanism samples from infinitely many, or does not sample. "
            "Use objective=reinforce where locations are sampled, objective=likelihood where nothing is"
        ]
    )


def _noted(rollout: Rollout, notes: Sequence[Tensor | None]) -> Rollout:
    """The rollout with the notes of its glimpses, in their order; without any, as it was."""
    like_RK = next((note for note in notes if note is not None), None)
    if like_RK is None:
        return rollout
    samples, time_steps, glimpses = rollout.log_prob.shape[1:]
    stacked = torch.stack([torch.zeros_like(like_RK) if note is None else note for note in notes])
    notes_PTMRK = stacked.unflatten(0, (-1, time_steps, glimpses))  # P passes, side by side in the batch
    notes_PRTMK = notes_PTMRK.movedim(3, 1)
    return rollout._replace(notes=notes_PRTMK.flatten(0, 1).unflatten(0, (-1, samples)))


def log_exponential(like_RN: Tensor) -> Tensor:
    """(R, N) logs of samples of Exponential(1): minus Gumbel(0, 1)."""
    return torch.empty_like(like_RN).exponential_().log()
