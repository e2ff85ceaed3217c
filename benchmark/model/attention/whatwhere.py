"""How what was seen and where it was seen become one code. Eq 20 omits the where; without it the order of two things
can't be told.

Axes: R rows, P parameters of a place, each about [-1, 1].
"""

from abc import ABC, abstractmethod
from typing import final

from torch import Tensor, nn

from datamodules.ranges import Count


class WhatWhere(nn.Module, ABC):
    """Joins the two. size: of the code."""

    size: int

    @abstractmethod
    def forward(self, what_RD: Tensor, where_RP: Tensor) -> Tensor:
        """(R, size) code."""


@final
class Added(WhatWhere):
    """relu(W what + V relu(U where)): RAM."""

    def __init__(self, what_size: int, where_size: int, size: Count, hidden: Count):
        super().__init__()
        self.size = size
        self.what = nn.Linear(what_size, size)
        self.where = nn.Sequential(nn.Linear(where_size, hidden), nn.ReLU(), nn.Linear(hidden, size))

    def forward(self, what_RD: Tensor, where_RP: Tensor) -> Tensor:
        return (self.what(what_RD) + self.where(where_RP)).relu()


@final
class Multiplied(WhatWhere):
    """what * (W where + b): DRAM, the code of the place as wide as the code of the patch.

    The paper does not print the initial values. W starts at zero and b at one, so that what is seen passes before where
    means anything: with torch's own W a place scales what was seen there by up to 2.4 or turns its sign, at random.
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
    """What was seen, wherever it was: a multi-crop CNN."""

    def __init__(self, what_size: int, where_size: int):
        super().__init__()
        self.size = what_size

    def forward(self, what_RD: Tensor, where_RP: Tensor) -> Tensor:
        return what_RD
