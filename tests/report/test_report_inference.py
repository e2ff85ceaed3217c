"""What may be claimed: the rule by hand, its error and power in a small simulation, and that it alone decides."""

import ast

import numpy as np
import pytest
from run_helpers import ROOT
from scipy import stats

from benchmark.report.analysis.comparisons import Comparison, between
from benchmark.report.analysis.contrasts import Contrast, SeedSample, Term, contrast, error_over_images, over_images
from benchmark.report.analysis.estimates import Estimate
from benchmark.report.analysis.inference import (
    CANNOT_TELL,
    HOLDS,
    Finding,
    against_number,
    judge,
    mean_interval,
    word_of,
)
from benchmark.report.analysis.statistics import Component, Interval, inside, normal_interval
from scripts import measure_statistics as simulated

REPORT = ROOT / "benchmark" / "report"


def sample(*means: float, images: int = 100) -> SeedSample:
    """Seeds with these shares of wrong images, the first ones."""
    return SeedSample.of(np.stack([(np.arange(images) < round(mean * images)).astype(float) for mean in means]))


def own(images: int) -> np.ndarray:
    return np.arange(images)[:, None]


def test_a_contrast_of_three_seeds_by_hand() -> None:
    found = contrast(sample(0.10, 0.12, 0.14), sample(0.30, 0.34, 0.38), own(100))
    assert found.difference == pytest.approx(-0.22)
    # variances over seeds 0.02^2 / 3 and 0.04^2 / 3; Welch: (1 + 4)^2 / (1/2 + 16/2) = 2.941 degrees
    seeds, images = found.components
    assert seeds == pytest.approx((0.002 / 3, 25 / 8.5))
    assert np.isinf(images.freedom) and 0 <= images.variance < 0.0025
    half = np.sqrt(stats.t.ppf(0.975, 25 / 8.5) ** 2 * 0.002 / 3 + stats.norm.ppf(0.975) ** 2 * images.variance)
    assert found.interval == pytest.approx((-0.22 - half, -0.22 + half))


def test_with_two_seeds_each_spread_has_one_degree_of_freedom() -> None:
    found = contrast(sample(0.10, 0.12), sample(0.30, 0.34, 0.38), own(100))
    assert [part.freedom for part in found.components] == [1, 2, np.inf]


def test_with_one_seed_there_is_no_verdict() -> None:
    found = contrast(sample(0.0), sample(1.0, 1.0, 1.0), own(100))
    assert (found.p, found.interval) == (None, None)
    (finding,) = judge([found])
    assert (finding.is_significant, finding.adjusted, finding.visible) == (False, None, None)
    assert finding.word == "no verdict: one seed"


def test_seeds_that_agree_to_the_image_still_have_a_spread() -> None:
    found = contrast(sample(0.1, 0.1), sample(0.3, 0.3), own(100))
    assert found.components[0] == pytest.approx((0.005**2 / 2, 1))


def test_what_differs_from_seed_to_seed_is_counted_once() -> None:
    generator = np.random.default_rng(0)
    first, second = ((generator.random((40, 2000)) < 0.2).astype(float) for _ in range(2))  # nothing is an image's own
    found = contrast(SeedSample.of(first), SeedSample.of(second), own(2000))
    assert found.components[1].variance < 0.2 * found.components[0].variance


def test_the_spread_over_images_by_hand() -> None:
    """Images 1 0.5 0 0 over two seeds: squares 0.6875 around 0.375. Within images the seeds' variance is 0.5 / 4 on
    average, of which 0.25^2 / 2 is the seeds' own.
    """
    one = SeedSample.of(np.array([[1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0]]))
    assert one.interaction == pytest.approx(0.125 - 0.03125)
    component = over_images([Term(-3.0, one, "")], own(4))
    assert component == pytest.approx((9 * (0.6875 / 12 - 0.09375 / 2 / 4), np.inf))


def test_the_error_over_images_is_the_root_mean_square_over_seeds() -> None:
    half, none = np.array([0.0, 1.0]), np.array([1.0, 1.0])  # variances of the means 0.25 and 0
    assert error_over_images([half, none], own(2)) == pytest.approx(np.sqrt(0.125))


def test_below_the_family_s_rate_is_significant() -> None:
    assert [Finding(p, 0.0).is_significant for p in (0.0499, 0.05)] == [True, False]
    assert [word_of(p, p, 1.0) for p in (0.0499, 0.05)] == [HOLDS, CANNOT_TELL]


def test_an_interval_ends_where_scores_do_and_the_widest_is_shown() -> None:
    assert inside(Interval(-0.2, 1.3), [0.0, 0.5], 1.0) == (0.0, 1.0)
    assert inside(Interval(-0.2, 1.3), [-0.1, 0.5], np.inf) == (-0.2, 1.3)
    assert normal_interval(0.5, 0.1) == pytest.approx((0.5 - 0.1959964, 0.5 + 0.1959964))
    seeds, images = Interval(0.1, 0.9), Interval(0.4, 0.6)
    assert [Estimate(0.5, held, images, ()).shown for held in (seeds, None)] == [seeds, images]


def test_a_comparison_can_be_read_the_other_way_round() -> None:
    held = contrast(sample(0.10, 0.12, 0.14), sample(0.30, 0.34), own(100))
    comparison = Comparison(0, 1, (3, 2), held, judge([held])[0])
    assert between([comparison], 0, 1) == comparison and between([comparison], 0, 2) is None
    turned = between([comparison], 1, 0)
    assert turned is not None and (turned.first, turned.second, turned.seeds) == (1, 0, (2, 3))
    assert turned.difference == -held.difference and turned.finding == comparison.finding


def test_canvases_that_share_digits_widen_the_interval() -> None:
    held = [sample(0.10, 0.12, 0.14, images=400), sample(0.30, 0.34, 0.38, images=400)]
    alone, shared = contrast(*held, own(400)), contrast(*held, np.arange(400)[:, None] // 10)
    assert shared.components[1].variance > 5 * alone.components[1].variance > 0


def test_holm_is_over_those_that_can_be_judged() -> None:
    sure, open_ = Contrast(-1.0, (Component(0.01, np.inf),)), Contrast(0.5, ())
    found = judge([sure, open_, sure])
    assert [each.is_significant for each in found] == [True, False, True]
    assert found[0].visible == pytest.approx(0.1 * stats.norm.ppf(1 - 0.05 / 4))


def test_the_mean_interval_joins_seeds_and_images_as_squares() -> None:
    low, high = mean_interval([0.1, 0.2, 0.3], Interval(0.17, 0.24))
    half = stats.t.ppf(0.975, 2) * 0.1 / np.sqrt(3)
    assert (low, high) == pytest.approx((0.2 - np.hypot(half, 0.03), 0.2 + np.hypot(half, 0.04)))
    assert mean_interval([0.1], Interval(0.05, 0.15)) is None


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (4.0, 6.0, "reproduced"), (3.7, 4.0, "cannot tell"), (2.0, 3.0, "better"), (7.0, 9.0, "not reproduced"),
        (4.0, 7.0, "cannot tell"), (1.0, 9.0, "cannot tell"),
    ],
)  # fmt: skip
def test_a_published_error_of_five_within_a_quarter(low: float, high: float, word: str) -> None:
    assert against_number(Interval(low, high), 5.0, 1.25, higher_is_better=False) == word
    turned = {"better": "not reproduced", "not reproduced": "better"}.get(word, word)
    assert against_number(Interval(low, high), 5.0, 1.25, higher_is_better=True) == turned


def test_one_seed_reproduces_nothing() -> None:
    assert against_number(None, 5.0, 1.25, higher_is_better=False) == "cannot tell"


LEVEL, STUDIES = 0.05, 60
MOST = LEVEL + 2.5 * np.sqrt(LEVEL * (1 - LEVEL) / STUDIES)
"""2.5 standard errors of the simulation above the level: 12 %."""


@pytest.mark.parametrize("world", ["equal, 1 point", "unequal, 0.5 to 8", "15 % never learned"])
@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_equal_mechanisms_are_seldom_told_apart(world: str, seeds: int) -> None:
    found = simulated.measure("the report's", simulated.WORLDS[world], seeds, STUDIES, start=seeds)
    assert found.family <= MOST and found.coverage >= 0.93


def test_images_as_replicates_find_what_is_not_there() -> None:
    """The rule that a report must not use: the same simulation refuses it."""
    found = simulated.measure("images as replicates (McNemar)", simulated.WORLDS["equal, 3 points"], 3, 20)
    assert found.family > 0.5 > 0.2 > MOST and found.coverage < 0.8


def test_five_seeds_see_five_points() -> None:
    found = simulated.measure("the report's", simulated.WORLDS["equal, 1 point"], 5, 20, better=0.05)
    assert found.power > 0.8


def test_nobody_else_decides() -> None:
    """Quantiles and corrections are read where estimates and verdicts are made; no other module builds its own."""
    deciding = {"holm", "half_width", "p_value", "welch_freedom", "FAMILY", "clustered_variance"}
    may = {"inference.py", "contrasts.py"}
    read = {
        path.name: {
            alias.name
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        & deciding
        for path in sorted(REPORT.rglob("*.py"))
    }
    assert {name for name, names in read.items() if names} == may
