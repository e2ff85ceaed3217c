"""Whose window the cells of a map policy divide: that of a glimpse, or the coarse image before any.

Axes: B images, R rows, X rows or 1, C channels, g side of a window, N cells.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Literal, final

from torch import Tensor

from benchmark.model.attention.policy.base import Seen

Whose = Literal["last", "first", "context"]
MapOf = Callable[[Tensor], Tensor]


class MapWindow(ABC):
    """A window, its corner, and the features of its cells. What is asked for again is computed once in a rollout."""

    @abstractmethod
    def corner(self, seen: Seen) -> Tensor:
        """(R, 2) the pixel of its upper left corner."""

    @abstractmethod
    def window(self, seen: Seen) -> Tensor:
        """(R, C, g, g)."""

    @abstractmethod
    def cells(self, seen: Seen, map_of: MapOf) -> Tensor:
        """(X, N, C) features of the cells. map_of: gives those of windows."""


@final
class GlimpseWindow(MapWindow):
    """The widest window of a glimpse by its number, -1 the last. Before the first glimpse it is empty, and encoded once
    for all rows: X is 1.
    """

    def __init__(self, number: int):
        self.number = number

    def corner(self, seen: Seen) -> Tensor:
        return seen.corner(self.number)

    def window(self, seen: Seen) -> Tensor:
        if not seen.fixations:
            return seen.window(self.number)
        return seen.cache("window", seen.fixations[self.number], lambda: seen.window(self.number))

    def cells(self, seen: Seen, map_of: MapOf) -> Tensor:
        if not seen.fixations:
            return map_of(self.window(seen)[:1])
        return seen.cache("map", seen.fixations[self.number], lambda: map_of(self.window(seen)))


@final
class ContextWindow(MapWindow):
    """The widest window at the image's centre, without a glimpse: a coarse image, as DRAM's context network reads one.

    Each image's is cut and encoded once for all of its trajectories.
    """

    def corner(self, seen: Seen) -> Tensor:
        return seen.context.corner()

    def window(self, seen: Seen) -> Tensor:
        return self._of_rows(seen, self._once(seen))

    def cells(self, seen: Seen, map_of: MapOf) -> Tensor:
        map_BNC = seen.cache("context map", seen.context.of, lambda: map_of(self._once(seen)))
        return self._of_rows(seen, map_BNC)

    @staticmethod
    def _once(seen: Seen) -> Tensor:
        """(B, C, g, g)."""
        return seen.cache("context window", seen.context.of, seen.context.window)

    @staticmethod
    def _of_rows(seen: Seen, of_images: Tensor) -> Tensor:
        return of_images.repeat_interleave(seen.context.samples, 0)


WINDOWS: dict[Whose, MapWindow] = {
    "last": GlimpseWindow(-1),
    "first": GlimpseWindow(0),
    "context": ContextWindow(),
}
