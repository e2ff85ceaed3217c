"""The alignment model: scores of items against a query, f_att of eq 11.

Axes: B images, S trajectories, N items, D size of an item, Q size of a query, K size of the alignment.
"""

from abc import ABC, abstractmethod

from torch import Tensor, nn


class Alignment(nn.Module, ABC):
    """Scores in two parts, so that what depends on the image alone is computed once.

    learns: whether it has parameters, so that sampling from its scores is a policy to be trained.
    """

    learns: bool

    @abstractmethod
    def keys(self, item_BND: Tensor) -> Tensor:
        """(B, N, K) the items' part of the scores, once per image."""

    @abstractmethod
    def forward(self, key_BNK: Tensor, query_BSQ: Tensor) -> Tensor:
        """(B, S, N) alignment scores, before the softmax."""
