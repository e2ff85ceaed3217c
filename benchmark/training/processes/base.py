"""The interface of what the processes of a run share."""

from abc import ABC, abstractmethod
from typing import Any

from benchmark.model.loop import SequenceModel


class Processes(ABC):
    """The processes that train a run."""

    @abstractmethod
    def shared(self, rnn: SequenceModel) -> SequenceModel:
        """The model as a training step uses it: its rollouts are of all images of a batch."""

    @abstractmethod
    def trainer_arguments(self) -> dict[str, Any]:
        """What Lightning's Trainer has to know of the processes."""

    @abstractmethod
    def same(self, value: bool) -> bool:
        """The value that process 0 has, in every process."""
