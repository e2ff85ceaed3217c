"""Where in the image the cells of a feature map look.

Axis: n cells along a side of the image.
"""

from abc import ABC, abstractmethod
from typing import final

import torch
from torch import Tensor


class CellCentres(ABC):
    """The centres of the cells' receptive fields along a side of the image. Pixel i covers [i, i + 1]."""

    @abstractmethod
    def __call__(self, cells: int, side: int) -> Tensor:
        """(n,) rising, in pixels, inside the image. side: its length in pixels."""


@final
class EvenCells(CellCentres):
    """Cells that divide the image evenly, where no more is known of them."""

    def __call__(self, cells: int, side: int) -> Tensor:
        return (torch.arange(cells) + 0.5) / cells * side


@final
class StridedCells(CellCentres):
    """Cells of convolutions and poolings. origin: centre of the first one, in pixels. pitch: pixels from one to the
    next. Cells whose field is padding for the most part are said to look at the border.
    """

    def __init__(self, origin: float, pitch: float):
        self.origin, self.pitch = origin, pitch

    def __call__(self, cells: int, side: int) -> Tensor:
        return (self.origin + self.pitch * torch.arange(cells)).clamp(0, side)

    def then(self, kernel: int, stride: int, before: int) -> "StridedCells":
        """After one more convolution or pooling. before: cells of padding before the first."""
        return StridedCells(self.origin + ((kernel - 1) / 2 - before) * self.pitch, self.pitch * stride)


@final
class ResizedCells(CellCentres):
    """Cells of an image that was resized. of: their centres there. side: its length then."""

    def __init__(self, of: CellCentres, side: int):
        self._of, self._side = of, side

    def __call__(self, cells: int, side: int) -> Tensor:
        return self._of(cells, self._side) * (side / self._side)


PIXELS = StridedCells(0.5, 1.0)
"""The image's own cells."""
