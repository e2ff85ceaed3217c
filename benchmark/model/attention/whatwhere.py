"""How a glimpse's feature ("what") and its location ("where") are combined into one code. Eq 20 omits the location;
without it the order of two objects cannot be recognised.

Axes: R rows, P parameters of a location or warp, each about [-1, 1].
"""

from abc import ABC, abstractmethod
from typing import final

from torch import Tensor, nn

from datamodules.ranges import Width


class WhatWhere(nn.Module, ABC):
    """Combines the two. size: width of the code."""

    size: int

    @abstractmethod
    def forward(self, what_RD: Tensor, where_RP: Tensor) -> Tensor:
        """(R, size) code."""


@final
class Added(WhatWhere):
    """relu(W what + V relu(U where)): RAM. size: of the code. hidden: of the layer that reads the location."""

    def __init__(self, what_size: int, where_size: int, size: Width, hidden: Width):
        super().__init__()
        self.size = size
        self.what = nn.Linear(what_size, size)
        self.where = nn.Sequential(nn.Linear(where_size, hidden), nn.ReLU(), nn.Linear(hidden, size))

    def forward(self, what_RD: Tensor, where_RP: Tensor) -> Tensor:
        return (self.what(what_RD) + self.where(where_RP)).relu()


@final
class Multiplied(WhatWhere):
    """what * (W where + b): DRAM.

    The paper gives no initial values. Here W starts at zero and b at one, so that the feature passes unchanged at
    first: with torch's default W a location would scale it by up to 2.4, or flip its sign, at random.
    """

    def __init__(self, what_size: int, where_size: int):
        super().__init__()
        self.size = what_size
        self.where = nn.Linear(where_size, what_size)
        nn.init.zeros_(self.where.weight)
        nn.init.ones_(self.where.bias)

    def forward(self, what_RD: Tensor, where_RP: Tensor) -> Tensor:
        return what_RD * self.where(where_RP)


@final
class WhatAlone(WhatWhere):
    """The feature without its location: a multi-crop CNN."""

    def __init__(self, what_size: int, where_size: int):
        super().__init__()
        self.size = what_size

    def forward(self, what_RD: Tensor, where_RP: Tensor) -> Tensor:
        return what_RD
