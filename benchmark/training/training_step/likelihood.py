"""The usual training step: a rollout with teacher forcing, and the objective's loss of it."""

from contextlib import nullcontext
from typing import final

from torch import Tensor

from benchmark.model.attention.distribution import Draw
from benchmark.model.decoding.rollout import Rollout
from benchmark.model.loop import SequenceModel, reading_each_glimpse
from benchmark.objective.base import Objective
from benchmark.training.training_step.base import TrainingStep
from datamodules.contract import Batch, ImageKey, References, TaskSpec


def teacher_forced(rnn: SequenceModel, objective: Objective, batch: Batch) -> tuple[Rollout, Tensor]:
    """A rollout with teacher forcing (or scheduled sampling) of the objective's trajectories; its (B, T) targets."""
    key = ImageKey("train", batch.index)

    def roll(samples: int, draw: Draw, each_glimpse: bool = False) -> Rollout:
        with reading_each_glimpse(rnn) if each_glimpse else nullcontext():
            rollout: Rollout = rnn(batch.image, batch.boxes, batch.target, samples, draw, key)
        return rollout

    target_BT = rnn.training_targets(batch.target)
    return objective.trajectories(roll, objective.samples, target_BT), target_BT


@final
class LikelihoodStep(TrainingStep):
    """The objective's loss of a rollout over the true sequences, glimpses sampled from the policy."""

    def __init__(self, spec: TaskSpec, references: References):
        super().__init__()

    def forward(self, rnn: SequenceModel, objective: Objective, batch: Batch) -> dict[str, Tensor]:
        return objective(*teacher_forced(rnn, objective, batch))
