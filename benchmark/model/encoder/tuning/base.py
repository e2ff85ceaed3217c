"""Fine-tuning: when an encoder is trained, and at which learning rate.

Axes: B images, C channels, H rows, W columns.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import final

from torch import Tensor, nn

from benchmark.common.schedule import Scheduled
from benchmark.model.encoder.base import Encoder


class Tuning(ABC):
    """A fine-tuning schedule. rate: factor of the encoder's learning rate, relative to its parameter group's."""

    rate: float

    @abstractmethod
    def learns(self, progress: float) -> bool:
        """Whether the encoder is trained at this progress of training, 0 to 1. Once true, it stays true."""


@final
class Tuned(Encoder, Scheduled):
    """Another encoder, frozen until `tuning` starts its training.

    While frozen its parameters require no gradient, so that no graph is built unless the input requires one, as a crop
    of a spatial transformer does; and it stays in evaluation mode: batch normalisation uses its stored statistics and
    does not update them, and there is no dropout.
    """

    def __init__(self, shape: tuple[int, int, int], body: Callable[[tuple[int, int, int]], Encoder], tuning: Tuning):
        super().__init__()
        self.body = body(shape)
        self.shape, self.cells = self.body.shape, self.body.cells
        self.tuning = tuning
        self.learning = True
        self.at(0.0)

    @property
    def frozen(self) -> bool:
        """Whether it is never trained."""
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
    """The learning rate factor of every parameter that has one of its own."""
    tuned = [part for part in model.modules() if isinstance(part, Tuned)]
    return {parameter: part.tuning.rate for part in tuned for parameter in part.parameters()}
