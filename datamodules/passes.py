"""The order of a training stream: repeated passes over a set of items, each pass in a new random permutation.

Axes: N items, B items of a batch.
"""

from functools import lru_cache
from typing import final

import torch
from torch import Generator, Tensor

from datamodules.base import derived_seed


@final
class Passes:
    """The item at each position of the stream, as a function of (seed, position) alone."""

    def __init__(self, chosen_N: Tensor, seed: int) -> None:
        self._chosen, self._seed = chosen_N, seed
        self._order = lru_cache(4)(self._drawn_order)

    def _drawn_order(self, turn: int) -> Tensor:
        """(N,) the items in the order of pass number `turn`."""
        generator = Generator().manual_seed(derived_seed("order", self._seed, turn))
        return self._chosen[torch.randperm(len(self._chosen), generator=generator)]

    def take(self, first: int, count: int) -> Tensor:
        """(B,) the items at positions `first` to `first + count - 1` of the stream."""
        items = len(self._chosen)
        turns = range(first // items, (first + count - 1) // items + 1)
        start = first - turns[0] * items
        return torch.cat([self._order(turn) for turn in turns])[start : start + count]
