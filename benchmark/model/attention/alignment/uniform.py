"""Equal scores: the control of a learned alignment.

Axes: B images, S trajectories, N items, D size of an item, Q size of a query, K size of the alignment.
"""

from typing import final

from torch import Tensor

from benchmark.model.attention.alignment.base import Alignment


@final
class UniformAlignment(Alignment):
    """All scores zero, so that attention weights are 1 / N: the control of a learned alignment."""

    learns = False

    def __init__(self, item_size: int, query_size: int):
        super().__init__()

    def keys(self, item_BND: Tensor) -> Tensor:
        return item_BND[..., :0]

    def forward(self, key_BNK: Tensor, query_BSQ: Tensor) -> Tensor:
        return query_BSQ.new_zeros(len(key_BNK), query_BSQ.shape[1], key_BNK.shape[1])
