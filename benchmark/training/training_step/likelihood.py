"""The usual training step: a rollout with teacher forcing, and the objective's loss of it."""

from typing import final

from torch import Tensor

from benchmark.model.attention.distribution import sample
from benchmark.model.decoding.rollout import Rollout
from benchmark.model.loop import SequenceModel
from benchmark.objective.base import Objective
from benchmark.training.training_step.base import TrainingStep
from datamodules.contract import Batch, ImageKey, References, TaskSpec


def teacher_forced(rnn: SequenceModel, objective: Objective, batch: Batch) -> tuple[Rollout, Tensor]:
    """A rollout with teacher forcing (or scheduled sampling) and sampled glimpses, and its (B, T) targets."""
    key = ImageKey("train", batch.index)
    rollout = rnn(batch.image, batch.boxes, batch.target, objective.samples, sample, key)
    return rollout, rnn.training_targets(batch.target)


@final
class LikelihoodStep(TrainingStep):
    """The objective's loss of a rollout over the true sequences, glimpses sampled from the policy."""

    def __init__(self, spec: TaskSpec, references: References):
        super().__init__()

    def forward(self, rnn: SequenceModel, objective: Objective, batch: Batch) -> dict[str, Tensor]:
        return objective(*teacher_forced(rnn, objective, batch))
