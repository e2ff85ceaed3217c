"""When an encoder is trained, and at which learning rate.

Axes: B images, C channels, H rows, W columns.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import final

from torch import Tensor, nn

from benchmark.common.schedule import Scheduled
from benchmark.model.encoder.base import Encoder


class Tuning(ABC):
    """rate: of an encoder's learning, as a factor of what its parameters' learning rate would be anyway."""

    rate: float

    @abstractmethod
    def learns(self, progress: float) -> bool:
        """Whether the encoder learns at progress of training, from 0 to 1; one that learns never stops again."""


@final
class Tuned(Encoder, Scheduled):
    """Another encoder, which learns when `tuning` says so.

    Until then its parameters want no gradient, so that no graph is kept of it unless the image wants one, as a crop
    does whose place is learned; and it computes as in evaluation while all around it trains: its batch normalisation
    uses and keeps the statistics it came with, and nothing is dropped out.
    """

    def __init__(self, shape: tuple[int, int, int], body: Callable[[tuple[int, int, int]], Encoder], tuning: Tuning):
        super().__init__()
        self.body = body(shape)
        self.shape = self.body.shape
        self.tuning = tuning
        self.learning = True
        self.at(0.0)

    @property
    def frozen(self) -> bool:
        """Whether it never learns."""
        return not self.tuning.learns(1.0)

    def at(self, progress: float) -> None:
        learning = self.tuning.learns(progress)
        if learning != self.learning:
            self.learning = learning
            self.body.requires_grad_(learning)
            self.train(self.training)

    def train(self, mode: bool = True) -> "Tuned":
        super().train(mode)
        self.body.train(mode and self.learning)
        return self

    def forward(self, image_BCHW: Tensor) -> Tensor:
        features: Tensor = self.body(image_BCHW)
        return features


def rates(model: nn.Module) -> dict[nn.Parameter, float]:
    """The factor of the learning rate of every parameter that has one of its own."""
    tuned = [part for part in model.modules() if isinstance(part, Tuned)]
    return {parameter: part.tuning.rate for part in tuned for parameter in part.parameters()}
