"""The interface of weight initialisation: what a run's training starts from."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from torch import nn

from benchmark.model.encoder.state_dicts import Weights


class InitialWeights(ABC):
    """Sets the initial weights of a model."""

    @abstractmethod
    def __call__(self, model: nn.Module, symbols: Sequence[str]) -> None:
        """Changes the model's weights in place. symbols: the task's, by output index."""

    @abstractmethod
    def weights(self) -> list[Weights]:
        """Their provenance, for the record."""
