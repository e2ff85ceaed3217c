"""The report's statistics against hand-worked values, scipy's and constructed cases."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchmark.report.statistics import (
    holm,
    log_slope,
    paired_bootstrap,
    resampled_means,
    sign_flip,
    t_interval,
    wilson_interval,
)


def test_t_interval_by_hand() -> None:
    # mean 2, sd 1, t(2) = 4.3027, half = 4.3027 / sqrt(3) = 2.4841
    low, high = t_interval([1.0, 2.0, 3.0])
    assert (low, high) == pytest.approx((-0.48414, 4.48414), abs=1e-4)


def test_one_seed_has_no_interval() -> None:
    assert t_interval([0.3]) is None


@given(st.lists(st.integers(0, 10_000), min_size=2, max_size=8, unique=True))
def test_t_interval_is_scipys(wrong: list[int]) -> None:
    scores = [count / 10_000 for count in wrong]  # of images, as errors are; scipy is NaN where floats underflow
    expected = stats.t.interval(0.95, len(scores) - 1, loc=np.mean(scores), scale=stats.sem(scores))
    assert tuple(t_interval(scores)) == pytest.approx(expected, abs=1e-9)


def test_wilson_by_hand() -> None:
    # 1 of 10: centre (0.1 + 3.8415/20) / 1.38415 = 0.21102, half 0.19317
    assert tuple(wilson_interval(0.1, 10)) == pytest.approx((0.01788, 0.40415), abs=1e-4)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_scipys(case: tuple[int, int]) -> None:
    wrong, images = case
    expected = stats.binomtest(wrong, images).proportion_ci(method="wilson")
    assert tuple(wilson_interval(wrong / images, images)) == pytest.approx((expected.low, expected.high), abs=1e-9)


@pytest.mark.parametrize(("share", "count"), [(-0.1, 10), (1.1, 10), (0.5, 0)])
def test_wilson_refuses_what_is_no_share(share: float, count: int) -> None:
    with pytest.raises(ValueError, match="share"):
        wilson_interval(share, count)


def test_mcnemar_by_hand() -> None:
    first = np.array([[1, 1, 1, 1, 1, 0, 0, 1]], float)
    second = np.array([[0, 0, 0, 0, 0, 1, 0, 1]], float)
    found = sign_flip(first, second)
    # 5 against 1 of 6 fair coins: 2 (1 + 6) / 64
    assert (found.first_wrong, found.second_wrong, found.p) == (5, 1, pytest.approx(14 / 64))


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_the_exact_binomial_test(only_first: int, only_second: int) -> None:
    both = only_first + only_second
    first = np.array([[True] * only_first + [False] * only_second + [True]], float)
    second = np.array([[False] * only_first + [True] * only_second + [True]], float)
    expected = stats.binomtest(only_first, both).pvalue if both else 1.0
    assert sign_flip(first, second).p == pytest.approx(expected)


def test_a_sign_flip_of_unequal_differences_by_hand() -> None:
    # sum 1 + 2 + 3 - 2 = 4 over sqrt(1 + 4 + 9 + 4): z = 0.9428
    found = sign_flip(np.array([[1.0, 2.0, 3.0, 0.0, 5.0]]), np.array([[0.0, 0.0, 0.0, 2.0, 5.0]]))
    assert (found.first_wrong, found.second_wrong) == (3, 1)
    assert found.p == pytest.approx(2 * stats.norm.sf(4 / np.sqrt(18)))


def test_a_sign_flip_is_near_the_permutations() -> None:
    generator = np.random.default_rng(0)
    difference = generator.normal(0.15, 1, (1, 200))
    flips = (generator.integers(0, 2, (20000, 200)) * 2 - 1) * difference
    exact = float((np.abs(flips.sum(1)) >= abs(difference.sum())).mean())
    assert sign_flip(difference, np.zeros((1, 200))).p == pytest.approx(exact, abs=0.01)


def test_holm_by_hand() -> None:
    # sorted .01 .03 .04: x3 = .03, x2 = .06, x1 = .04 raised to .06
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_bootstrap_of_a_known_difference() -> None:
    # the first is wrong alone on every fifth image, for every seed: exactly 0.2, sd sqrt(.16 / 1000)
    difference = np.tile((np.arange(1000) % 5 == 0).astype(float), (3, 1))
    low, high = paired_bootstrap(difference, np.random.default_rng(0), 2000)
    half = 1.96 * np.sqrt(0.2 * 0.8 / 1000)
    assert (low, high) == pytest.approx((0.2 - half, 0.2 + half), abs=0.004)


def test_bootstrap_is_of_the_generator_alone() -> None:
    difference = np.random.default_rng(3).integers(-1, 2, (2, 50)).astype(float)
    once, again = (paired_bootstrap(difference, np.random.default_rng(7), 200) for _ in range(2))
    assert once == again != paired_bootstrap(difference, np.random.default_rng(8), 200)


def test_bootstrap_sees_the_spread_of_seeds() -> None:
    # images all alike, so only seeds vary: the ends are the lowest and highest seed
    difference = np.array([[0.0], [0.5], [1.0]]) * np.ones((1, 20))
    low, high = paired_bootstrap(difference, np.random.default_rng(0), 2000)
    assert low < 0.17 and high > 0.83


def test_bootstrap_covers_the_truth() -> None:
    generator = np.random.default_rng(0)
    held = 0
    for _ in range(200):
        seeds = 0.1 + 0.03 * generator.normal(size=(12, 1))
        low, high = paired_bootstrap((generator.random((12, 150)) < seeds).astype(float), generator, 200)
        held += low <= 0.1 <= high
    assert 0.85 <= held / 200 <= 0.99


def test_a_draw_has_the_same_images_for_every_run() -> None:
    scores = np.random.default_rng(1).integers(0, 2, (1, 40)).astype(float)
    means = resampled_means(np.concatenate([scores, scores]), np.random.default_rng(0), 300)
    assert means.shape == (300, 2)
    np.testing.assert_array_equal(means[:, 0], means[:, 1])


def test_log_slope_of_a_power() -> None:
    assert log_slope([60, 100, 200], [7 * side**2 for side in (60, 100, 200)]) == pytest.approx(2)
