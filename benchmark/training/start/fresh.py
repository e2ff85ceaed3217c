"""Weights as their modules initialise them."""

from collections.abc import Sequence
from typing import final

from torch import nn

from benchmark.model.encoder.state_dicts import Weights
from benchmark.training.start.base import InitialWeights


@final
class FreshWeights(InitialWeights):
    """Keeps the initial weights of each part."""

    def __call__(self, model: nn.Module, symbols: Sequence[str]) -> None:
        """Changes nothing."""

    def weights(self) -> list[Weights]:
        return []
