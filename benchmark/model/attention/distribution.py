"""Distributions over places to look, and the ways to draw from them.

A place is whatever a mechanism reads from: weights over N items, the centre of a window, the parameters of a warp.
Axes: R rows (an image's trajectories are neighbours), N items.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import one_hot


class GlimpseDistribution(ABC):
    """A distribution over places, one for each row."""

    @abstractmethod
    def sample(self) -> Tensor:
        """One place a row, drawn; no gradient flows through a draw."""

    @abstractmethod
    def mode(self) -> Tensor:
        """The most probable place of each row."""

    @abstractmethod
    def expectation(self) -> Tensor:
        """The mean place of each row."""

    @abstractmethod
    def uniform(self) -> Tensor:
        """A place drawn uniformly from all, whatever the distribution prefers: the control of a policy."""

    @abstractmethod
    def log_prob(self, place: Tensor) -> Tensor:
        """(R,) log-probability of a place, up to a constant; a place that was not drawn has log 1 = 0."""


Draw = Callable[[GlimpseDistribution], Tensor]


def sample(where: GlimpseDistribution) -> Tensor:
    return where.sample()


def mode(where: GlimpseDistribution) -> Tensor:
    return where.mode()


def expectation(where: GlimpseDistribution) -> Tensor:
    return where.expectation()


def uniform(where: GlimpseDistribution) -> Tensor:
    return where.uniform()


def random_items(like_RN: Tensor) -> Tensor:
    """(R, N) one-hot weights on an item drawn uniformly."""
    rows, items = like_RN.shape
    return one_hot(torch.randint(items, (rows,), device=like_RN.device), items).to(like_RN.dtype)


@final
class CategoricalItems(GlimpseDistribution):
    """One of N items is drawn (eqs 15-16); a place is a one-hot weight, so that drawing and averaging read alike.

    Eq 17 prints the case of two items as B(T, alpha); it is a Bernoulli draw with its values mapped to the two items,
    which is this class with N = 2.
    softened: (R,) how probably a row's sample is the expectation, through which the likelihood's gradient flows. Such a
    row was not drawn, and has log-probability zero. None: never.
    """

    def __init__(self, scores_RN: Tensor, softened_R: Tensor | None):
        self.log_RN = scores_RN.log_softmax(-1)
        self.softened_R = softened_R

    def sample(self) -> Tensor:
        # The largest of p / Exponential(1) is a categorical draw, and never waits for the device as multinomial does.
        probability_RN = self.log_RN.detach().exp()
        drawn_R = (probability_RN / torch.empty_like(probability_RN).exponential_()).argmax(-1)
        drawn_RN = one_hot(drawn_R, self.log_RN.shape[-1]).to(self.log_RN.dtype)
        if self.softened_R is None:
            return drawn_RN
        soft_R = torch.rand_like(self.softened_R) < self.softened_R
        return torch.where(soft_R[:, None], self.log_RN.exp(), drawn_RN)

    def mode(self) -> Tensor:
        # Where several are the most probable, any of them: the first would be a place, the upper left one.
        best_RN = (self.log_RN == self.log_RN.amax(-1, keepdim=True)).to(self.log_RN.dtype)
        one_R = (best_RN / torch.empty_like(best_RN).exponential_()).argmax(-1)
        return one_hot(one_R, best_RN.shape[-1]).to(best_RN.dtype)

    def expectation(self) -> Tensor:
        return self.log_RN.exp()

    def uniform(self) -> Tensor:
        return random_items(self.log_RN)

    def log_prob(self, place: Tensor) -> Tensor:
        # A weight of exactly one is a draw's. An expectation has one only where it is as certain, and its log is zero.
        return ((place == 1) * self.log_RN).sum(-1)


@final
class Gaussian(GlimpseDistribution):
    """l ~ N(mean, std^2 I) (eq 18, whose s stands in a variance's place and is called a standard deviation; it is one).

    The score is that of the sample as drawn, before anything clips it into the image; constants are dropped.
    reach_2: half the extent of the image in units of location, the range of a uniform draw.
    """

    def __init__(self, mean_R2: Tensor, std: Tensor, reach_2: Tensor):
        self.mean_R2 = mean_R2
        self.std = std
        self.reach_2 = reach_2

    def sample(self) -> Tensor:
        mean_R2 = self.mean_R2.detach()
        return mean_R2 + self.std * torch.randn_like(mean_R2)

    def mode(self) -> Tensor:
        return self.mean_R2.detach()

    def expectation(self) -> Tensor:
        return self.mean_R2.detach()

    def uniform(self) -> Tensor:
        return (2 * torch.rand_like(self.mean_R2) - 1) * self.reach_2

    def log_prob(self, place: Tensor) -> Tensor:
        return -(place.detach() - self.mean_R2).square().sum(-1) / (2 * self.std.square())


@final
class PointMass(GlimpseDistribution):
    """A place that is not drawn: expected (soft) attention, and the policies that learn nothing.

    place: (R, ...), gradients flow through it. elsewhere: makes a uniformly drawn place of the same shape.
    """

    def __init__(self, place: Tensor, elsewhere: Callable[[], Tensor]):
        self.place = place
        self.elsewhere = elsewhere

    def sample(self) -> Tensor:
        return self.place

    def mode(self) -> Tensor:
        return self.place

    def expectation(self) -> Tensor:
        return self.place

    def uniform(self) -> Tensor:
        return self.elsewhere()

    def log_prob(self, place: Tensor) -> Tensor:
        return place.new_zeros(len(place))
