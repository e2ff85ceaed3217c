"""Where a window goes next: the learned policy, and the policies that learn nothing.

Locations are (x, y) from the image's centre in units of location, not clipped: only what a window reads is (papers
squash or clip to [-1, 1]; with a unit smaller than half the image that puts its corners out of reach).
Axes: B images, R = B * S rows (an image's S are neighbours), N boxes, Q size of a query.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NamedTuple, final

import torch
from torch import Tensor, nn

from benchmark.common.schedule import Schedule, Scheduled
from benchmark.model.attention.distribution import Gaussian, GlimpseDistribution, PointMass
from datamodules.ranges import Count, Finite


class Canvas(NamedTuple):
    """side (H, W) in pixels and unit, the pixels per unit of location."""

    side: tuple[int, int]
    unit: float

    @property
    def reach(self) -> tuple[float, float]:
        """Half the extent (x, y) in units of location."""
        return self.side[1] / 2 / self.unit, self.side[0] / 2 / self.unit


class Policy(nn.Module, ABC):
    """A distribution over the next location. drawn: whether it learns from its draws. reads_annotations: whether it
    looks at the true boxes.
    """

    drawn: bool
    reads_annotations: bool = False

    @abstractmethod
    def forward(self, query_RQ: Tensor, boxes_BN4: Tensor, step: int) -> GlimpseDistribution:
        """Of the glimpse number `step`."""


class Squash(ABC):
    """What bounds the mean of a location."""

    @abstractmethod
    def __call__(self, mean_R2: Tensor, reach_2: Tensor) -> Tensor:
        """(R, 2) the mean, bounded."""


@final
class Tanh(Squash):
    """To the image: RAM's ports squash to [-1, 1], which is the image where a unit is half of it."""

    def __call__(self, mean_R2: Tensor, reach_2: Tensor) -> Tensor:
        return mean_R2.tanh() * reach_2


@final
class Unbounded(Squash):
    """Not at all: DRAM."""

    def __call__(self, mean_R2: Tensor, reach_2: Tensor) -> Tensor:
        return mean_R2


@final
class LearnedPolicy(Policy, Scheduled):
    """l ~ N(head(h), std^2) (eq 18; RAM's f_att does not see the image, DRAM's sees a coarse one once, through the
    context).

    hidden: widths of rectifier layers before the mean (none: RAM; one: DRAM's emission network).
    std: a schedule, in units of location. Wide at first, it lets the policy find what pays; narrow at the end, it
    lets it aim. The papers hold it fixed.
    """

    drawn = True
    std: Tensor
    reach_2: Tensor

    def __init__(self, canvas: Canvas, query_size: int, hidden: list[Count], squash: Squash, std: Schedule):
        super().__init__()
        widths = [query_size, *hidden]
        body = [layer for a, b in zip(widths, hidden, strict=False) for layer in (nn.Linear(a, b), nn.ReLU())]
        self.head = nn.Sequential(*body, nn.Linear(widths[-1], 2))
        self.squash = squash
        self.schedule = std
        self.register_buffer("std", torch.tensor(std(0.0)))
        self.register_buffer("reach_2", torch.tensor(canvas.reach), persistent=False)

    def at(self, progress: float) -> None:
        self.std.fill_(self.schedule(progress))

    def forward(self, query_RQ: Tensor, boxes_BN4: Tensor, step: int) -> GlimpseDistribution:
        return Gaussian(self.squash(self.head(query_RQ), self.reach_2), self.std, self.reach_2)


class ControlPolicy(Policy, ABC):
    """A policy without parameters: its places are not drawn in the sense of learning, and have log-probability 0."""

    drawn = False
    reach_2: Tensor

    def __init__(self, canvas: Canvas, query_size: int):
        super().__init__()
        self.canvas = canvas
        self.register_buffer("reach_2", torch.tensor(canvas.reach), persistent=False)

    def anywhere(self, rows: int) -> Tensor:
        """(rows, 2) uniform over the image."""
        return (2 * torch.rand(rows, 2, device=self.reach_2.device) - 1) * self.reach_2


@final
class UniformPolicy(ControlPolicy):
    """Anywhere, each glimpse: the control that a learned policy must beat."""

    def forward(self, query_RQ: Tensor, boxes_BN4: Tensor, step: int) -> GlimpseDistribution:
        rows = len(query_RQ)
        return PointMass(self.anywhere(rows), lambda: self.anywhere(rows))


@final
class CentrePolicy(ControlPolicy):
    """The image's centre, always."""

    def forward(self, query_RQ: Tensor, boxes_BN4: Tensor, step: int) -> GlimpseDistribution:
        rows = len(query_RQ)
        return PointMass(self.reach_2.new_zeros(rows, 2), lambda: self.anywhere(rows))


@final
class FixedSequencePolicy(ControlPolicy):
    """The same places in turn, whatever is seen: the crops of a multi-crop CNN. places: (x, y), 1 the image's edge."""

    place_P2: Tensor

    def __init__(self, canvas: Canvas, query_size: int, places: list[tuple[Finite, Finite]]):
        super().__init__(canvas, query_size)
        self.register_buffer("place_P2", torch.tensor(places), persistent=False)

    def forward(self, query_RQ: Tensor, boxes_BN4: Tensor, step: int) -> GlimpseDistribution:
        rows = len(query_RQ)
        location_R2 = (self.place_P2[step % len(self.place_P2)] * self.reach_2).expand(rows, 2)
        return PointMass(location_R2, lambda: self.anywhere(rows))


@final
class OraclePolicy(ControlPolicy):
    """The centre of each true box in turn, the image's where there is none: the ceiling of what a policy can gain."""

    reads_annotations = True

    def forward(self, query_RQ: Tensor, boxes_BN4: Tensor, step: int) -> GlimpseDistribution:
        rows = len(query_RQ)
        # A box of NaN, put last, stands for "no box": it falls to the image's centre like any other unknown box.
        none_B14 = boxes_BN4.new_full((len(boxes_BN4), 1, 4), float("nan"))
        turn = step % max(1, boxes_BN4.shape[1])
        box_B4 = torch.cat([boxes_BN4, none_B14], 1)[:, turn]
        centre_B2 = box_B4.unflatten(-1, (2, 2)).mean(-2)
        location_B2 = (centre_B2 / self.canvas.unit - self.reach_2).nan_to_num()
        location_R2 = location_B2.repeat_interleave(rows // len(boxes_BN4), 0)
        return PointMass(location_R2, lambda: self.anywhere(rows))


@final
class RandomStartPolicy(Policy):
    """The first location anywhere, then another policy: RAM, which starts with no idea of the image."""

    def __init__(self, canvas: Canvas, query_size: int, then: Callable[..., Policy]):
        super().__init__()
        self.first = UniformPolicy(canvas, query_size)
        self.then = then(canvas=canvas, query_size=query_size)
        self.drawn, self.reads_annotations = self.then.drawn, self.then.reads_annotations

    def forward(self, query_RQ: Tensor, boxes_BN4: Tensor, step: int) -> GlimpseDistribution:
        policy = self.first if step == 0 else self.then
        return policy(query_RQ, boxes_BN4, step)
