"""The report's statistics against hand-worked values, scipy's and constructed cases."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchmark.common.clustered_variance import clustered_variance
from benchmark.report.analysis.estimates import share_estimate
from benchmark.report.analysis.statistics import (
    Component,
    half_width,
    holm,
    log_slope,
    p_value,
    welch_freedom,
    wilson_interval,
)
from benchmark.report.sections.overlap import shared_estimate


def test_a_half_width_of_two_variances_by_hand() -> None:
    # t(2) = 4.3027, z = 1.95996: 0.01 * 18.513 + 0.04 * 3.8415 = 0.33879
    found = half_width([Component(0.01, 2), Component(0.04, np.inf)], 0.05)
    assert found == pytest.approx(np.sqrt(0.33879), abs=1e-4)


@given(st.lists(st.integers(0, 10_000), min_size=2, max_size=8, unique=True))
def test_a_half_width_of_one_variance_is_students(wrong: list[int]) -> None:
    scores = [count / 10_000 for count in wrong]
    low, high = stats.t.interval(0.95, len(scores) - 1, loc=np.mean(scores), scale=stats.sem(scores))
    part = Component(float(np.var(scores, ddof=1)) / len(scores), len(scores) - 1)
    assert half_width([part], 0.05) == pytest.approx((high - low) / 2, abs=1e-9)
    shift = float(np.mean(scores)) + 0.01
    assert p_value(shift, [part]) == pytest.approx(max(1e-12, stats.ttest_1samp(scores, -0.01).pvalue), rel=1e-6)


@given(st.floats(1e-9, 1), st.floats(1e-9, 1), st.sampled_from([1, 2, 9, np.inf]), st.floats(0.001, 0.9))
def test_p_is_where_the_interval_reaches_zero(one: float, other: float, freedom: float, alpha: float) -> None:
    components = [Component(one, freedom), Component(other, 3)]
    assert p_value(half_width(components, alpha), components) == pytest.approx(alpha, rel=1e-6)


def test_no_variance_and_no_difference() -> None:
    assert p_value(0.0, [Component(0.0, 1)]) == 1.0
    assert p_value(0.5, [Component(0.0, 1)]) == 1e-12


def test_welch_freedom_is_scipys() -> None:
    first, second = [1.0, 2.0, 4.0], [2.0, 3.0, 3.5, 9.0]
    parts = [Component(float(np.var(x, ddof=1)) / len(x), len(x) - 1) for x in (first, second)]
    assert welch_freedom(parts) == pytest.approx(stats.ttest_ind(first, second, equal_var=False).df)


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


def test_holm_by_hand() -> None:
    # sorted .01 .03 .04: x3 = .03, x2 = .06, x1 = .04 raised to .06
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def pairwise(value_N: np.ndarray, sources_NK: np.ndarray) -> float:
    """The clustered variance pair by pair: every two images with a source in common."""
    rest, total = value_N - value_N.mean(), 0.0
    known = [set(row[row >= 0].tolist()) for row in sources_NK]
    for i in range(len(value_N)):
        for j in range(len(value_N)):
            total += rest[i] * rest[j] * (i == j or bool(known[i] & known[j]))
    return max(total, float(np.square(rest).sum())) / (len(value_N) * (len(value_N) - 1))


@given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.integers(1, 2), st.integers(1, 8))
def test_clustered_variance_pair_by_pair(seed: int, images: int, parts: int, digits: int) -> None:
    generator = np.random.default_rng(seed)
    value_N = generator.normal(size=images)
    sources_NK = generator.integers(-1, digits, size=(images, parts))
    assert clustered_variance(value_N, sources_NK) == pytest.approx(pairwise(value_N, sources_NK))


def test_independent_images_have_the_usual_standard_error() -> None:
    value_N = np.random.default_rng(0).normal(size=50)
    assert clustered_variance(value_N, np.arange(50)[:, None]) == pytest.approx(stats.sem(value_N) ** 2)


def test_canvases_of_few_digits_are_no_new_images() -> None:
    # ten canvases of each digit, all right or all wrong together: as many images as digits
    value_N = np.repeat(np.arange(40) % 4 == 0, 10).astype(float)
    variance = clustered_variance(value_N, np.repeat(np.arange(40), 10)[:, None])
    assert variance == pytest.approx(10 * value_N.var() / 399)


def test_log_slope_of_a_power() -> None:
    assert log_slope([60, 100, 200], [7 * side**2 for side in (60, 100, 200)]) == pytest.approx(2)


def test_images_of_one_digit_count_as_one() -> None:
    """Two digits of two images each, one digit misread: the variance of two images, not of four."""
    wrong, alone = np.array([1.0, 1.0, 0.0, 0.0]), np.arange(4)[:, None]
    assert shared_estimate([wrong], alone) == share_estimate([0.5], 4, float(np.sqrt(1 / 12)))
    for sources, count in ((alone, 3.0), (alone // 2, 1.5)):
        (low, high), (low_known, high_known) = (
            each.images for each in (shared_estimate([wrong], sources), share_estimate([0.5], count))
        )
        assert (low, high) == pytest.approx((low_known, high_known))
    assert share_estimate([0.5, 0.7], 100, 1e-9) == share_estimate([0.5, 0.7], 100)
