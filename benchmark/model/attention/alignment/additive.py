"""Additive scores (Bahdanau et al. 2015).

Axes: B images, S trajectories, N items, D size of an item, Q size of a query, K size of the alignment.
"""

from typing import final

from torch import Tensor, nn

from benchmark.model.attention.alignment.base import Alignment
from datamodules.ranges import Width


@final
class Additive(Alignment):
    """v . tanh(W h + U a_i) (Bahdanau et al. 2015; Show, Attend and Tell); h is the previous hidden state (eq 11).

    size: K, width of the hidden layer.
    """

    learns = True

    def __init__(self, item_size: int, query_size: int, size: Width):
        super().__init__()
        self.of_item = nn.Linear(item_size, size)
        self.of_query = nn.Linear(query_size, size, bias=False)
        self.score = nn.Linear(size, 1, bias=False)

    def keys(self, item_BND: Tensor) -> Tensor:
        return self.of_item(item_BND)

    def forward(self, key_BNK: Tensor, query_BSQ: Tensor) -> Tensor:
        return self.score((key_BNK[:, None] + self.of_query(query_BSQ)[:, :, None]).tanh()).squeeze(-1)
