"""Variance and bias of a random gradient, against closed forms and against the definitions, by hand."""

import math

import pytest
import torch

from benchmark.gradients.findings import Measured
from benchmark.gradients.moments import GROUPS, GradientMoments

TILT, REWARD = 0.3, 2.0
"""Logit of a coin, and the reward of heads."""


def added(draws, policy_size):
    moments = GradientMoments(policy_size)
    for draw in draws:
        moments.add(draw)
    return moments


def coin(count):
    """(count, 1) draws of the score-function gradient of E[reward] by the logit of a coin: r(x) (x - p)."""
    generator = torch.Generator().manual_seed(0)
    p = 1 / (1 + math.exp(-TILT))
    heads = (torch.rand(count, 1, generator=generator, dtype=torch.float64) < p).double()
    return REWARD * heads * (heads - p), p


def test_a_coin_has_its_variance_and_no_bias():
    draws, p = coin(3000)
    moments = added(draws, 1)
    expected, variance = REWARD * p * (1 - p), p * (REWARD * (1 - p)) ** 2 - (REWARD * p * (1 - p)) ** 2
    found = moments.variance()["policy"]
    assert abs(found.value - variance) < 3 * found.error < 0.2 * variance
    found = moments.squared_bias(torch.tensor([expected]))["policy"]
    assert abs(found.value) < 2 * found.error < 0.01 * expected**2
    found = moments.squared_bias(torch.tensor([expected + 0.1]))["policy"]
    assert found.value > 5 * found.error and abs(found.value - 0.01) < 2 * found.error
    assert moments.variance()["rest"] == Measured(0.0, 0.0)


def test_variance_is_the_trace_of_the_covariance():
    torch.manual_seed(0)
    draws = torch.randn(30, 5, dtype=torch.float64) * torch.tensor([1.0, 2, 0.5, 3, 1]) + 7
    found = added(draws, 2).variance()
    variance_P = draws.var(0)
    assert found["policy"].value == pytest.approx(variance_P[:2].sum().item())
    assert found["rest"].value == pytest.approx(variance_P[2:].sum().item())
    assert found["all"].value == pytest.approx(variance_P.sum().item())


def test_the_variance_of_three_draws_by_hand():
    """Of 0, 2 and 4 the contrasts are 2 and 6: their mean is the variance, their standard error 8 ** 0.5 / 2 ** 0.5."""
    found = added([torch.tensor([value]) for value in (0.0, 2.0, 4.0)], 1).variance()["policy"]
    assert found == pytest.approx((4.0, 2.0))


def test_squared_bias_is_the_mean_product_of_different_groups_and_its_error_the_jackknife_s():
    torch.manual_seed(1)
    draws, expected_P = torch.randn(40, 4, dtype=torch.float64) + 1, torch.tensor([0.5, 1.0, 1.0, 2.0])
    away_GP = draws.unflatten(0, (-1, GROUPS)).mean(0) - expected_P

    def of(rows_GP):
        products_GG = rows_GP @ rows_GP.T
        return ((products_GG.sum() - products_GG.trace()) / (len(rows_GP) * (len(rows_GP) - 1))).item()

    without = [of(torch.cat([away_GP[:g], away_GP[g + 1 :]])) for g in range(GROUPS)]
    error = math.sqrt((GROUPS - 1) / GROUPS * sum((each - sum(without) / GROUPS) ** 2 for each in without))
    moments = added(draws, 0)
    found = moments.squared_bias(expected_P)["rest"]
    assert found.value == pytest.approx(of(away_GP)) and found.error == pytest.approx(error)
    torch.testing.assert_close(moments.mean, draws.mean(0))
    assert moments.squared_norm() == moments.squared_bias(torch.zeros(4))


def test_what_is_not_random_has_no_variance_and_an_exact_bias():
    moments = added([torch.tensor([3.0, 4.0]), torch.tensor([3.0, 4.0])], 1)
    assert moments.is_certain()
    assert moments.variance()["all"] == Measured(0.0, 0.0)
    assert moments.squared_bias(torch.tensor([1.0, 4.0]))["all"] == Measured(4.0, 0.0)
    assert moments.squared_norm()["all"] == Measured(25.0, 0.0)
    assert not added([torch.tensor([3.0, 4.0]), torch.tensor([3.0, 4.01])], 1).is_certain()


def test_draws_that_do_not_fill_the_groups_have_no_bias():
    with pytest.raises(ValueError, match=f"no multiple of {GROUPS}"):
        added(torch.randn(13, 2), 1).squared_bias(torch.zeros(2))
