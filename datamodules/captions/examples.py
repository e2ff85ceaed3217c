"""What a pass over captioned images is made of. Axes: N images, E examples of a pass."""

from abc import ABC, abstractmethod
from typing import final

import torch
from torch import Generator, Tensor


class Examples(ABC):
    """Which captions a pass has."""

    @abstractmethod
    def drawn(self, count_N: Tensor, generator: Generator) -> Tensor:
        """Numbers of captions, (E,), of images that have so many each; captions are numbered image by image. As many
        in every pass.
        """


@final
class EveryCaption(Examples):
    """Each caption is an example of its own, as in the published protocols: an image comes five times or so a pass."""

    def drawn(self, count_N: Tensor, generator: Generator) -> Tensor:
        return torch.arange(int(count_N.sum()))


@final
class OneEach(Examples):
    """Each image comes once a pass, with one of its captions."""

    def drawn(self, count_N: Tensor, generator: Generator) -> Tensor:
        first_N = count_N.cumsum(0) - count_N
        some_N = count_N > 0
        place_E = (torch.rand(int(some_N.sum()), generator=generator) * count_N[some_N]).long()
        return first_N[some_N] + place_E
