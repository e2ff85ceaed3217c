"""Scores of items against a query: f_att of eq 11.

Axes: B images, S trajectories, N items, D size of an item, Q size of a query, K size of the alignment.
"""

from abc import ABC, abstractmethod
from typing import final

from torch import Tensor, nn

from datamodules.ranges import Count


class Alignment(nn.Module, ABC):
    """Scores items in two parts, so that what depends on the image alone is computed once. learns: whether it can."""

    learns: bool

    @abstractmethod
    def keys(self, item_BND: Tensor) -> Tensor:
        """Of the items, once per image."""

    @abstractmethod
    def forward(self, key_BNK: Tensor, query_BSQ: Tensor) -> Tensor:
        """(B, S, N) scores."""


@final
class Additive(Alignment):
    """v . tanh(W h + U a_i) (Bahdanau et al. 2014; Show, Attend and Tell); h is the state before the step (eq 11)."""

    learns = True

    def __init__(self, item_size: int, query_size: int, size: Count):
        super().__init__()
        self.of_item = nn.Linear(item_size, size)
        self.of_query = nn.Linear(query_size, size, bias=False)
        self.score = nn.Linear(size, 1, bias=False)

    def keys(self, item_BND: Tensor) -> Tensor:
        return self.of_item(item_BND)

    def forward(self, key_BNK: Tensor, query_BSQ: Tensor) -> Tensor:
        return self.score((key_BNK[:, None] + self.of_query(query_BSQ)[:, :, None]).tanh()).squeeze(-1)


@final
class Dot(Alignment):
    """(W h) . (U a_i) / sqrt(size): multiplicative scores (Luong et al. 2015, "general"), scaled as in later work."""

    learns = True

    def __init__(self, item_size: int, query_size: int, size: int):
        super().__init__()
        self.of_item = nn.Linear(item_size, size)
        self.of_query = nn.Linear(query_size, size, bias=False)
        self.scale = size**-0.5

    def keys(self, item_BND: Tensor) -> Tensor:
        return self.of_item(item_BND)

    def forward(self, key_BNK: Tensor, query_BSQ: Tensor) -> Tensor:
        return self.of_query(query_BSQ) @ key_BNK.transpose(1, 2) * self.scale


@final
class UniformAlignment(Alignment):
    """Every item alike, whatever it is and whatever is asked: the control of a learned comparison."""

    learns = False

    def __init__(self, item_size: int, query_size: int):
        super().__init__()

    def keys(self, item_BND: Tensor) -> Tensor:
        return item_BND[..., :0]

    def forward(self, key_BNK: Tensor, query_BSQ: Tensor) -> Tensor:
        return query_BSQ.new_zeros(len(key_BNK), query_BSQ.shape[1], key_BNK.shape[1])
