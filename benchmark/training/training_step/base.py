"""What a training step computes."""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from benchmark.model.loop import SequenceModel
from benchmark.objective.base import Objective
from datamodules.contract import Batch


class TrainingStep(nn.Module, ABC):
    """Turns a batch into a loss."""

    @abstractmethod
    def forward(self, rnn: SequenceModel, objective: Objective, batch: Batch) -> dict[str, Tensor]:
        """`loss`, to be minimised, and its terms, free of gradient."""
