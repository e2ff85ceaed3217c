"""Distributions over glimpses, and the ways to take a glimpse from them: sample, mode, expectation, uniform.

A place is what such a distribution is over: attention weights of N items, the centre of a window, or the parameters of
a warp.
Axes: R rows (an image's trajectories are neighbours), N items.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import NamedTuple, Self, final

import torch
from torch import Tensor
from torch.nn.functional import one_hot


class Evidence(NamedTuple):
    """What the probabilities of items were computed from. items: gives their features, (B, N, D) where all rows of an
    image have the same ones, else (R, N, D). query_RQ: of the decoder.
    """

    items: Callable[[], Tensor]
    query_RQ: Tensor

    def detached(self) -> tuple[Tensor, Tensor]:
        """The features and the query without gradient."""
        return self.items().detach(), self.query_RQ.detach()


NO_EVIDENCE = Evidence(partial(torch.empty, 0), torch.empty(0))


class GlimpseDistribution(ABC):
    """A distribution over places, one for each row. evidence: what it was computed from, where it is over items."""

    evidence: Evidence = NO_EVIDENCE

    @final
    def given(self, evidence: Evidence) -> Self:
        """Itself, with its evidence, for inference networks."""
        self.evidence = evidence
        return self

    @abstractmethod
    def sample(self) -> Tensor:
        """A sample of each row, without gradient."""

    @abstractmethod
    def mode(self) -> Tensor:
        """The most probable place of each row."""

    @abstractmethod
    def expectation(self) -> Tensor:
        """The mean place of each row."""

    @abstractmethod
    def uniform(self) -> Tensor:
        """A place sampled uniformly, ignoring the policy: the control "random"."""

    @abstractmethod
    def log_prob(self, place: Tensor) -> Tensor:
        """(R,) log-probability of a place, up to a constant; zero for a place that was not sampled."""


class FiniteDistribution(GlimpseDistribution, ABC):
    """A distribution over N places that can be enumerated. log_RN: their log-probabilities, with gradient."""

    log_RN: Tensor

    @abstractmethod
    def place(self, weights_RN: Tensor) -> Tensor:
        """The places with these weights: one of the N for one-hot weights, their weighted mean for others."""


Draw = Callable[[GlimpseDistribution], Tensor]


def sample(where: GlimpseDistribution) -> Tensor:
    return where.sample()


def mode(where: GlimpseDistribution) -> Tensor:
    return where.mode()


def expectation(where: GlimpseDistribution) -> Tensor:
    return where.expectation()


def uniform(where: GlimpseDistribution) -> Tensor:
    return where.uniform()


IMPOSSIBLE = -1e4
"""Score of an item that cannot be drawn: its probability is zero, its log-probability finite."""


def possible_scores(scores_RN: Tensor, possible_RN: Tensor | None) -> Tensor:
    """The scores, IMPOSSIBLE where an item cannot be drawn. Not minus infinity: the gradient of its product with zero
    is NaN.
    """
    return scores_RN if possible_RN is None else scores_RN.masked_fill(~possible_RN, IMPOSSIBLE)


def random_items(like_RN: Tensor, possible_RN: Tensor | None = None) -> Tensor:
    """(R, N) one-hot weights on an item sampled uniformly. possible_RN: among which, see `CategoricalItems`."""
    if possible_RN is not None:
        return CategoricalItems(torch.zeros_like(like_RN), None, possible_RN).sample()
    rows, items = like_RN.shape
    return one_hot(torch.randint(items, (rows,), device=like_RN.device), items).to(like_RN.dtype)


@final
class CategoricalItems(FiniteDistribution):
    """A categorical distribution over N items (eqs 15-16). A place is (R, N) weights: one-hot for a sample, softmax
    probabilities for the expectation.

    Eq 17 prints the case of two items as B(T, alpha): a Bernoulli variable mapped to the two items, which is this class
    with N = 2.
    softened_R: (R,) probability that a row's sample is replaced by the expectation, through which the likelihood's
    gradient flows. Such a row has log-probability zero. None: never.
    possible_RN: whether an item can be drawn at all, at least one in each row. None: all can.
    """

    def __init__(self, scores_RN: Tensor, softened_R: Tensor | None, possible_RN: Tensor | None = None):
        self.log_RN = possible_scores(scores_RN, possible_RN).log_softmax(-1)
        self.softened_R, self.possible_RN = softened_R, possible_RN

    def place(self, weights_RN: Tensor) -> Tensor:
        return weights_RN

    def sample(self) -> Tensor:
        # argmax of p / Exponential(1) is a categorical sample, without the device synchronisation of multinomial.
        probability_RN = self.log_RN.detach().exp()
        drawn_R = (probability_RN / torch.empty_like(probability_RN).exponential_()).argmax(-1)
        drawn_RN = one_hot(drawn_R, self.log_RN.shape[-1]).to(self.log_RN.dtype)
        if self.softened_R is None:
            return drawn_RN
        soft_R = torch.rand_like(self.softened_R) < self.softened_R
        return torch.where(soft_R[:, None], self.log_RN.exp(), drawn_RN)

    def mode(self) -> Tensor:
        # Ties are broken at random: argmax alone would prefer the first item, the upper left cell.
        best_RN = (self.log_RN == self.log_RN.amax(-1, keepdim=True)).to(self.log_RN.dtype)
        one_R = (best_RN / torch.empty_like(best_RN).exponential_()).argmax(-1)
        return one_hot(one_R, best_RN.shape[-1]).to(best_RN.dtype)

    def expectation(self) -> Tensor:
        return self.log_RN.exp()

    def uniform(self) -> Tensor:
        return random_items(self.log_RN, self.possible_RN)

    def log_prob(self, place: Tensor) -> Tensor:
        # Only a sample has a weight of exactly one; an expectation has one only where log p is zero anyway.
        return ((place == 1) * self.log_RN).sum(-1)


class Gaussian(GlimpseDistribution, ABC):
    """l ~ N(mean, diag(std)^2). log_prob is that of the sample before it is clipped into the image.

    mean_R2: of (x, y), in units of location, 0 being the image's centre. std: scalar or (R, 2). reach_2: half the
    image's extent in these units, the range of a uniform sample.
    """

    def __init__(self, mean_R2: Tensor, std: Tensor, reach_2: Tensor):
        self.mean_R2 = mean_R2
        self.std = std
        self.reach_2 = reach_2

    @final
    def sample(self) -> Tensor:
        return self.reparameterised().detach()

    @final
    def reparameterised(self) -> Tensor:
        """A sample with the gradient of mean + std * noise by the mean and, where it is learned, the std."""
        return self.mean_R2 + self.std * torch.randn_like(self.mean_R2)

    @final
    def mode(self) -> Tensor:
        return self.mean_R2.detach()

    @final
    def expectation(self) -> Tensor:
        return self.mean_R2.detach()

    @final
    def uniform(self) -> Tensor:
        return (2 * torch.rand_like(self.mean_R2) - 1) * self.reach_2


@final
class RoundGaussian(Gaussian):
    """With one std for both axes and all rows, which is not learned (eq 18, which prints the standard deviation s in
    the place of a variance). log_prob is without the constant.
    """

    def log_prob(self, place: Tensor) -> Tensor:
        return -(place.detach() - self.mean_R2).square().sum(-1) / (2 * self.std.square())


@final
class DiagonalGaussian(Gaussian):
    """With an std of its own, (R, 2), for each row and axis, which may be learned: log_prob has all that depends on it,
    without log 2 pi.
    """

    def log_prob(self, place: Tensor) -> Tensor:
        noise_R2 = (place.detach() - self.mean_R2) / self.std
        return -(noise_R2.square() / 2 + self.std.log()).sum(-1)


@final
class PointMass(GlimpseDistribution):
    """A deterministic place: soft attention, and control policies.

    place: (R, ...), with gradient. uniform_place: makes a uniformly sampled place of the same shape.
    """

    def __init__(self, place: Tensor, uniform_place: Callable[[], Tensor]):
        self.place = place
        self.uniform_place = uniform_place

    def sample(self) -> Tensor:
        return self.place

    def mode(self) -> Tensor:
        return self.place

    def expectation(self) -> Tensor:
        return self.place

    def uniform(self) -> Tensor:
        return self.uniform_place()

    def log_prob(self, place: Tensor) -> Tensor:
        return place.new_zeros(len(place))
