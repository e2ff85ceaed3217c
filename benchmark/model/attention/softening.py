"""Which glimpses of hard attention are replaced by their expectation in training, so that the likelihood's gradient
reaches the alignment network (Show, Attend and Tell, section 4.2).

Axes: B images.
"""

from abc import ABC, abstractmethod
from typing import final

import torch
from torch import Tensor

from datamodules.ranges import Share


class Softening(ABC):
    """Decides once a batch, before the unroll. share: probability of the expectation, 0 to 1."""

    @abstractmethod
    def __call__(self, like_BND: Tensor) -> Tensor:
        """(B,) the probability that a glimpse of each image is the expectation, given this batch's draws."""


@final
class EachGlimpse(Softening):
    """A Bernoulli draw for each image, trajectory and glimpse: ours."""

    def __init__(self, share: Share):
        self.share = share

    def __call__(self, like_BND: Tensor) -> Tensor:
        return like_BND.new_full((len(like_BND),), self.share)


@final
class EachImage(Softening):
    """One Bernoulli draw for all glimpses of an image: as Show, Attend and Tell describes it."""

    def __init__(self, share: Share):
        self.share = share

    def __call__(self, like_BND: Tensor) -> Tensor:
        return (torch.rand_like(like_BND[:, 0, 0]) < self.share).to(like_BND.dtype)


@final
class WholeBatch(Softening):
    """One Bernoulli draw for the whole batch: as Show, Attend and Tell's code does it."""

    def __init__(self, share: Share):
        self.share = share

    def __call__(self, like_BND: Tensor) -> Tensor:
        return (torch.rand_like(like_BND[:1, 0, 0]) < self.share).to(like_BND.dtype).expand(len(like_BND))
