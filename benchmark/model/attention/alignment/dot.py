"""Scaled dot-product scores (Luong et al. 2015).

Axes: B images, S trajectories, N items, D size of an item, Q size of a query, K size of the alignment.
"""

from typing import final

from torch import Tensor, nn

from benchmark.model.attention.alignment.base import Alignment
from datamodules.ranges import Width


@final
class Dot(Alignment):
    """(W h) . (U a_i) / sqrt(size): Luong et al.'s "general" scores, scaled as in Vaswani et al. (2017). size: K."""

    learns = True

    def __init__(self, item_size: int, query_size: int, size: Width):
        super().__init__()
        self.of_item = nn.Linear(item_size, size)
        self.of_query = nn.Linear(query_size, size, bias=False)
        self.scale = size**-0.5

    def keys(self, item_BND: Tensor) -> Tensor:
        return self.of_item(item_BND)

    def forward(self, key_BNK: Tensor, query_BSQ: Tensor) -> Tensor:
        return self.of_query(query_BSQ) @ key_BNK.transpose(1, 2) * self.scale
