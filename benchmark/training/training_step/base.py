"""The interface of training steps: from a batch to a loss."""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from benchmark.model.loop import SequenceModel
from benchmark.objective.base import Objective
from datamodules.contract import Batch


class TrainingStep(nn.Module, ABC):
    """The loss of a batch: which rollouts are made, and what trains the model.

    shares_batches: whether the model is only called, so that several processes can each compute some of the images.
    repeats: whether several updates on a batch are on the same trajectories.
    """

    shares_batches = True
    repeats = True

    @abstractmethod
    def forward(self, rnn: SequenceModel, objective: Objective, batch: Batch) -> dict[str, Tensor]:
        """`loss`, to be minimised, and terms to be logged, without gradient; all are scalars."""
