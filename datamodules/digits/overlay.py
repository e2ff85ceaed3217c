"""How overlapping pixels of digits and clutter combine on a canvas.

Grey values are integers 0..255, whose float sums are exact, so that all devices give equal results.
"""

from abc import ABC, abstractmethod
from typing import final

from torch import Tensor

WHITE = 255
MOST_LAYERS = 128
"""Maximum number of digits and pieces of clutter on a canvas; sums of so many white pixels are exact in float."""


class Overlay(ABC):
    """A rule for pixels that are written more than once. The result must not depend on the order of writing."""

    @abstractmethod
    def lay(self, canvas_P: Tensor, place_Q: Tensor, value_Q: Tensor) -> None:
        """Write values into a flat canvas, in place.

        canvas_P: float pixels, all canvases of a batch one after another. place_Q: where each value goes, int64,
        repeats allowed. value_Q: float, 0..255.
        """

    @abstractmethod
    def clip(self, canvas_P: Tensor) -> None:
        """Clip all pixels to 0..255, in place, after everything has been written."""


@final
class ClippedSum(Overlay):
    """The sum, clipped at white, as in DeepMind's mnist-cluttered."""

    def lay(self, canvas_P: Tensor, place_Q: Tensor, value_Q: Tensor) -> None:
        canvas_P.scatter_add_(0, place_Q, value_Q)

    def clip(self, canvas_P: Tensor) -> None:
        canvas_P.clamp_(max=WHITE)


@final
class Maximum(Overlay):
    """The maximum; keeps the grey values of crossing strokes."""

    def lay(self, canvas_P: Tensor, place_Q: Tensor, value_Q: Tensor) -> None:
        canvas_P.scatter_reduce_(0, place_Q, value_Q, "amax")

    def clip(self, canvas_P: Tensor) -> None:
        pass  # a maximum of values in 0..255
