"""Which captions a training epoch consists of. Axes: N images, E examples of an epoch."""

from abc import ABC, abstractmethod
from typing import final

import torch
from torch import Generator, Tensor


class Examples(ABC):
    """Chooses the captions of an epoch."""

    @abstractmethod
    def drawn(self, count_N: Tensor, generator: Generator) -> Tensor:
        """(E,) indices of captions, which are numbered image by image; E is the same in every epoch. count_N: number of
        captions of each image.
        """


@final
class EveryCaption(Examples):
    """Every caption is an example, as in the published protocols, so that an image occurs some five times per epoch."""

    def drawn(self, count_N: Tensor, generator: Generator) -> Tensor:
        return torch.arange(int(count_N.sum()))


@final
class OneEach(Examples):
    """Each image occurs once per epoch, with a random one of its captions."""

    def drawn(self, count_N: Tensor, generator: Generator) -> Tensor:
        first_N = count_N.cumsum(0) - count_N
        some_N = count_N > 0
        place_E = (torch.rand(int(some_N.sum()), generator=generator) * count_N[some_N]).long()
        return first_N[some_N] + place_E
