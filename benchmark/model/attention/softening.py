"""Which glimpses of hard attention are the expectation instead of a draw while it trains, so that the likelihood's
gradient reaches what compares.

Axes: B images.
"""

from abc import ABC, abstractmethod
from typing import final

import torch
from torch import Tensor

from datamodules.ranges import Share


class Softening(ABC):
    """Throws its coins once a batch."""

    @abstractmethod
    def __call__(self, like_BND: Tensor) -> Tensor:
        """(B,) the probability that a glimpse of each image is softened."""


@final
class EachGlimpse(Softening):
    """A coin for each image, trajectory and glimpse: ours."""

    def __init__(self, share: Share):
        self.share = share

    def __call__(self, like_BND: Tensor) -> Tensor:
        return like_BND.new_full((len(like_BND),), self.share)


@final
class EachImage(Softening):
    """One coin for all glimpses of an image: what Show, Attend and Tell says."""

    def __init__(self, share: float):
        self.share = share

    def __call__(self, like_BND: Tensor) -> Tensor:
        return (torch.rand_like(like_BND[:, 0, 0]) < self.share).to(like_BND.dtype)


@final
class WholeBatch(Softening):
    """One coin for all images of a batch: what Show, Attend and Tell's code does."""

    def __init__(self, share: Share):
        self.share = share

    def __call__(self, like_BND: Tensor) -> Tensor:
        return (torch.rand_like(like_BND[:1, 0, 0]) < self.share).to(like_BND.dtype).expand(len(like_BND))
