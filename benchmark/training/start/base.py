"""The weights a run starts from."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from torch import nn

from benchmark.model.encoder.state_dicts import Weights


class InitialWeights(ABC):
    """Sets the weights of a model that was just built."""

    @abstractmethod
    def __call__(self, model: nn.Module, symbols: Sequence[str]) -> None:
        """Changes the model's weights in place. symbols: what its outputs mean."""

    @abstractmethod
    def weights(self) -> list[Weights]:
        """Where they come from, for the record."""
