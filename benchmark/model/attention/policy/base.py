"""The interface of policies: distributions over the location of the next glimpse.

Axes: B images, R rows, C channels, g side of a window, N items, Q query.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NamedTuple, final

import torch
from torch import Tensor, nn

from benchmark.model.attention.distribution import GlimpseDistribution


class WindowShape(NamedTuple):
    """What a glimpse sees, for policies that read it.

    shape: (C, g, g) of the widest window. width: pixels of the image that it covers, on a side. finer: the same of the
    other windows, the finest first; where there is no other, of the same one.
    """

    shape: tuple[int, int, int]
    width: int
    finer: tuple[int, ...]


NO_WINDOW = WindowShape((0, 0, 0), 0, (0,))


class Canvas(NamedTuple):
    """The image's extent. side: (H, W) in pixels. unit: pixels per unit of location. window: of a glimpse. background:
    the value of an empty pixel, which lies outside the image too.
    """

    side: tuple[int, int]
    unit: float
    window: WindowShape = NO_WINDOW
    background: float = 0.0

    @property
    def reach(self) -> tuple[float, float]:
        """Half the extent, (x, y), in units of location."""
        return self.side[1] / 2 / self.unit, self.side[0] / 2 / self.unit


@final
class GlimpseCache:
    """Caches what a policy computes of the last glimpse that it asks about: its window, the map of its cells."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[Tensor, Tensor]] = {}

    def __call__(self, what: str, fixation_R2: Tensor, compute: Callable[[], Tensor]) -> Tensor:
        """What `compute` gave under this name, computed anew for another glimpse. A glimpse is identified by the tensor
        of its fixations, which rows that are selected or reordered have another of; a `CoarseLook` by its `of`.
        """
        if what not in self._found or self._found[what][0] is not fixation_R2:
            self._found[what] = fixation_R2, compute()
        return self._found[what][1]


class CoarseLook(NamedTuple):
    """The widest window at the image's centre, which no glimpse has taken: the coarse image that a context network may
    read before the first glimpse.

    window: gives (B, C, g, g); cut when it is called. corner: gives (R, 2), the pixel of its upper left corner. of: is
    the same tensor for as long as the images are the same. samples: trajectories of each image, R = B * samples.
    """

    window: Callable[[], Tensor]
    corner: Callable[[], Tensor]
    of: Tensor
    samples: int


class Seen(NamedTuple):
    """What the glimpses so far saw, for policies that read it. Pixels (x, y) from the image's upper left corner.

    window: gives (R, C, g, g), the widest window of a glimpse by its number, -1 the last; cut when it is called.
    corner: gives (R, 2), the pixel of that window's upper left corner. Before the first glimpse both are of an empty
    window at the image's centre, whatever the number.
    fixations: (R, 2) centre of each glimpse so far. cache: of this rollout.
    context: what may be seen without a glimpse.
    """

    window: Callable[[int], Tensor]
    corner: Callable[[int], Tensor]
    fixations: tuple[Tensor, ...]
    cache: GlimpseCache
    context: CoarseLook


class PolicyOutput(NamedTuple):
    """What a policy says of the next glimpse.

    where: the distribution that the glimpse is drawn from. location: from a place of `where` to the (R, 2) location it
    stands for. item_probs: (R, N) probability of each item, where `where` is over items; otherwise N = 0.
    """

    where: GlimpseDistribution
    location: Callable[[Tensor], Tensor]
    item_probs: Tensor


def in_the_plane(where: GlimpseDistribution, query_RQ: Tensor, items: int = 0) -> PolicyOutput:
    """Of a distribution whose places are locations; none of the policy's items has a probability."""
    return PolicyOutput(where, lambda location_R2: location_R2, query_RQ.new_zeros(len(query_RQ), items))


class Policy(nn.Module, ABC):
    """A policy over locations (x, y), in units of location from the image's centre.

    drawn: whether its samples are trained, by the policy gradient. reads_annotations: whether it reads the true boxes.
    items: N, among which it draws; 0 for a policy over the plane. takes_expectation, item_size: see `Attention`.
    """

    drawn: bool
    reads_annotations: bool = False
    items: int = 0
    item_size: int = 0
    takes_expectation: bool = False

    @abstractmethod
    def forward(self, query_RQ: Tensor, boxes_BN4: Tensor, step: int, seen: Seen) -> PolicyOutput:
        """For the location of glimpse number `step`. query_RQ: of the decoder."""


class ControlPolicy(Policy, ABC):
    """A policy without parameters. Its locations have log-probability zero, so that no policy gradient arises."""

    drawn = False
    reach_2: Tensor

    def __init__(self, canvas: Canvas, query_size: int):
        super().__init__()
        self.canvas = canvas
        self.register_buffer("reach_2", torch.tensor(canvas.reach), persistent=False)

    def uniform_location(self, rows: int) -> Tensor:
        """(rows, 2) locations sampled uniformly over the image."""
        return (2 * torch.rand(rows, 2, device=self.reach_2.device) - 1) * self.reach_2
