"""The interface of windows: how a retina is cut at a place.

Axes: B images, R rows, C channels, g side of a window, k scales, P pyramid.
"""

from abc import ABC, abstractmethod

from torch import Tensor

from benchmark.model.attention.window import Retina


class Windows(ABC):
    """smooth: whether a window has a gradient of its place."""

    smooth: bool

    @abstractmethod
    def __call__(self, retina: Retina, pyramid_BCP: Tensor, centre_R2: Tensor) -> Tensor:
        """(R, k, C, g, g) windows around centres (x, y) in pixels, the finest first."""
