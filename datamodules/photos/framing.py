"""Which window of a photograph is used, given its boxes. (x0, y0, x1, y1), half open, in pixels of the photograph."""

from abc import ABC, abstractmethod
from typing import final

import numpy as np

from datamodules.photos.photographs import WHOLE, Floats
from datamodules.ranges import NonNegative


class Framing(ABC):
    """Chooses the window. Parts beyond the edge are clipped when the photograph is decoded.

    reads_boxes: whether it needs boxes. cut_by_boxes: whether images are cropped around annotated objects.
    """

    reads_boxes: bool
    cut_by_boxes: bool

    @abstractmethod
    def window(self, boxes_K4: Floats) -> Floats:
        """(4,) the window of a photograph with these boxes."""


@final
class WholePhotograph(Framing):
    """The whole photograph; no box is read, so that results use no annotations."""

    reads_boxes = cut_by_boxes = False

    def window(self, boxes_K4: Floats) -> Floats:
        return WHOLE


@final
class CutBefore(Framing):
    """The whole image file, of photographs that were cropped to their boxes beforehand."""

    reads_boxes, cut_by_boxes = False, True

    def window(self, boxes_K4: Floats) -> Floats:
        return WHOLE


@final
class AroundLargest(Framing):
    """A square around the largest box, whose side is the box's longer side times 1 + `enlarge`.

    For comparison with the starred rows of the survey's table 2 (Yang, Chai, Gavves and their colleagues), which crop
    to the annotated box.
    """

    reads_boxes = cut_by_boxes = True

    def __init__(self, enlarge: NonNegative) -> None:
        self._enlarge = enlarge

    def window(self, boxes_K4: Floats) -> Floats:
        sides_K2 = boxes_K4[:, 2:] - boxes_K4[:, :2]
        largest = int(sides_K2.prod(1).argmax())
        middle, half = boxes_K4[largest].reshape(2, 2).mean(0), sides_K2[largest].max() * (1 + self._enlarge) / 2
        return np.concatenate([middle - half, middle + half])
