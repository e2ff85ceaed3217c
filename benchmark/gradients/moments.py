"""Variance and bias of a random gradient, from independent draws that are added one after the other.

Axes: P entries of the gradient, those of the policy first; G groups of draws; J contrasts.
"""

import math
from typing import final

import torch
from torch import Tensor

from benchmark.gradients.findings import PARTS, Measured

GROUPS = 10
"""Groups of draws, whose means give the standard error of a bias: few, since each is a vector as long as a gradient."""
CERTAIN = 1e-10
"""A gradient whose draws differ by less than this share of its squared norm is not random: the rest is rounding."""


@final
class GradientMoments:
    """Mean, variance and bias of the draws so far. Memory: GROUPS + 2 gradients, however many are drawn.

    policy_size: entries of the policy's own weights, which come first in a gradient. `add` waits for no device.
    """

    def __init__(self, policy_size: int):
        self._policy_size, self.count = policy_size, 0
        self._mean_P = torch.empty(0)
        self._sums_GP = torch.empty(0)
        self._contrasts: list[Tensor] = []

    def add(self, gradient_P: Tensor) -> None:
        """One more draw (Welford 1962). The squared distance to the mean before it, times (n - 1) / n, is a contrast:
        its expectation is the variance, and different ones are uncorrelated before they are squared.
        """
        if not self.count:
            self._mean_P = torch.zeros_like(gradient_P)
            self._sums_GP = gradient_P.new_zeros(GROUPS, len(gradient_P))
        self._sums_GP[self.count % GROUPS] += gradient_P
        self.count += 1
        away_P = gradient_P - self._mean_P
        self._mean_P += away_P / self.count
        if self.count > 1:
            self._contrasts.append(self._by_part(away_P.square()) * ((self.count - 1) / self.count))

    @property
    def mean(self) -> Tensor:
        """(P,) of the draws so far."""
        return self._mean_P

    def is_certain(self) -> bool:
        """Whether two draws or more are the same but for rounding."""
        away = torch.stack(self._contrasts).sum()
        return bool(away <= CERTAIN * self._mean_P.square().sum())

    def variance(self) -> dict[str, Measured]:
        """The trace of the covariance by part, without bias, with its standard error."""
        found_J3 = _with_all(torch.stack(self._contrasts))
        error_3 = found_J3.std(0) / math.sqrt(len(found_J3)) if len(found_J3) > 1 else torch.zeros(3)
        return _named(found_J3.mean(0), error_3)

    def squared_bias(self, expected_P: Tensor) -> dict[str, Measured]:
        """The squared distance of the expected gradient from a given vector, by part, without bias: so it may be below
        zero. Its standard error is the jackknife's over groups of draws; where the bias is zero, that is about 1.4
        times too large.

        Raises ValueError where the draws are not a multiple of GROUPS, unless they are certain.
        """
        if self.is_certain():
            return _named(_with_all(self._by_part((self._mean_P - expected_P).square())), torch.zeros(3))
        if self.count % GROUPS:
            raise ValueError(f"{self.count} draws are no multiple of {GROUPS}")
        away_GP = self._sums_GP / (self.count // GROUPS) - expected_P
        pieces = (away_GP[:, : self._policy_size], away_GP[:, self._policy_size :])
        products_3GG = _with_all(torch.stack([piece @ piece.T for piece in pieces], -1)).movedim(-1, 0)
        diagonal_3G = products_3GG.diagonal(dim1=-2, dim2=-1)
        whole_3 = products_3GG.sum((-2, -1)) - diagonal_3G.sum(-1)
        without_3G = whole_3[:, None] - 2 * (products_3GG.sum(-1) - diagonal_3G)
        left_3G = without_3G / ((GROUPS - 1) * (GROUPS - 2))
        spread_3 = (left_3G - left_3G.mean(-1, keepdim=True)).square().sum(-1)
        return _named(whole_3 / (GROUPS * (GROUPS - 1)), (spread_3 * (GROUPS - 1) / GROUPS).sqrt())

    def squared_norm(self) -> dict[str, Measured]:
        """The squared norm of the expected gradient by part, without bias."""
        return self.squared_bias(torch.zeros_like(self._mean_P))

    def _by_part(self, values_P: Tensor) -> Tensor:
        """(2,) sums over the policy's entries and over all others."""
        return torch.stack([values_P[: self._policy_size].sum(), values_P[self._policy_size :].sum()])


def _with_all(values_x2: Tensor) -> Tensor:
    """(..., 3) the values of policy and rest, and their sum."""
    return torch.cat([values_x2, values_x2.sum(-1, keepdim=True)], -1)


def _named(value_3: Tensor, error_3: Tensor) -> dict[str, Measured]:
    return {
        part: Measured(value, error)
        for part, value, error in zip(PARTS, value_3.tolist(), error_3.tolist(), strict=True)
    }
