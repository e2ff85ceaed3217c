"""How what is laid on a canvas meets what lies there already.

Grey values are whole numbers 0..255, which floats add exactly, so that every device computes the same.
"""

from abc import ABC, abstractmethod
from typing import final

from torch import Tensor

WHITE = 255
MOST_LAYERS = 128
"""A bound that no sensible canvas meets; floats add up far more white pixels without an error."""


class Overlay(ABC):
    """A rule for pixels that are written more than once. It must not depend on the order of writing."""

    @abstractmethod
    def lay(self, canvas_P: Tensor, place_Q: Tensor, value_Q: Tensor) -> None:
        """Write values into a flat canvas, in place.

        canvas_P: float pixels, all canvases of a batch one after another. place_Q: where each value goes, int64,
        repeats allowed. value_Q: float, 0..255.
        """

    @abstractmethod
    def clip(self, canvas_P: Tensor) -> None:
        """Bring every pixel back within 0..255, in place, once all is laid."""


@final
class ClippedSum(Overlay):
    """Added, and clipped at white, as in DeepMind's mnist-cluttered."""

    def lay(self, canvas_P: Tensor, place_Q: Tensor, value_Q: Tensor) -> None:
        canvas_P.scatter_add_(0, place_Q, value_Q)

    def clip(self, canvas_P: Tensor) -> None:
        canvas_P.clamp_(max=WHITE)


@final
class Maximum(Overlay):
    """The brighter of the two, as ink on paper would be; keeps the grey values of strokes that cross."""

    def lay(self, canvas_P: Tensor, place_Q: Tensor, value_Q: Tensor) -> None:
        canvas_P.scatter_reduce_(0, place_Q, value_Q, "amax")

    def clip(self, canvas_P: Tensor) -> None:
        pass  # the brightest of what is in 0..255
