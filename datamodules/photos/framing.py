"""What part of a photograph is taken, given the boxes of what is in it. (x0, y0, x1, y1), half open, in its pixels."""

from abc import ABC, abstractmethod
from typing import final

import numpy as np

from datamodules.photos.photographs import WHOLE, Floats
from datamodules.ranges import NonNegative


class Framing(ABC):
    """A rule. What reaches over the edge is clipped by whoever opens the photograph.

    reads_boxes: whether it needs them. cut_by_boxes: whether images are cut around annotated objects.
    """

    reads_boxes: bool
    cut_by_boxes: bool

    @abstractmethod
    def window(self, boxes_K4: Floats) -> Floats:
        """The window (4,) of a photograph with these boxes."""


@final
class WholePhotograph(Framing):
    """All of it: no box is read, as whoever says that they use none has to."""

    reads_boxes = cut_by_boxes = False

    def window(self, boxes_K4: Floats) -> Floats:
        return WHOLE


@final
class CutBefore(Framing):
    """All of what is left: somebody has cut it around its box already."""

    reads_boxes, cut_by_boxes = False, True

    def window(self, boxes_K4: Floats) -> Floats:
        return WHOLE


@final
class AroundLargest(Framing):
    """A square around the largest box, as wide as its longer side and a share more: for those who do use boxes.

    The starred rows of the survey's table 2 (Yang, Chai, Gavves and their colleagues) crop to the annotated box.
    """

    reads_boxes = cut_by_boxes = True

    def __init__(self, enlarge: NonNegative) -> None:
        self._enlarge = enlarge

    def window(self, boxes_K4: Floats) -> Floats:
        sides_K2 = boxes_K4[:, 2:] - boxes_K4[:, :2]
        largest = int(sides_K2.prod(1).argmax())
        middle, half = boxes_K4[largest].reshape(2, 2).mean(0), sides_K2[largest].max() * (1 + self._enlarge) / 2
        return np.concatenate([middle - half, middle + half])
