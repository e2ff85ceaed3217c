"""Verdicts on claims: regions, claims of several parts and whole pages by hand; level and coverage by simulation."""

import sys

import numpy as np
import pytest
from run_helpers import ROOT
from scipy import stats

from benchmark.report.analysis.aggregates import interquartile_mean
from benchmark.report.analysis.contrasts import Contrast, SeedSample, Term, combination, contrast
from benchmark.report.analysis.inference import CANNOT_TELL, FAILS, HOLDS, ClaimNumber, Region, decide
from benchmark.report.analysis.ranks import rank_correlation
from benchmark.report.analysis.statistics import Component

sys.path.insert(0, str(ROOT / "scripts"))
import measure_claim_rules as simulated


def at(value: float, error: float = 0.1) -> Contrast:
    """A number with a normal standard error."""
    return Contrast(value, (Component(error**2, np.inf),))


def two_sided(distance: float) -> float:
    return float(2 * stats.norm.sf(abs(distance)))


@pytest.mark.parametrize(
    ("region", "value", "outside", "inside"),
    [
        (Region(high=0.0), -0.3, two_sided(3), 1.0),
        (Region(high=0.0), 0.3, 1.0, two_sided(3)),
        (Region(low=0.5), 0.7, two_sided(2), 1.0),
        (Region(-0.3, 0.3), 0.1, two_sided(2), 1.0),  # the nearer bound decides: two one-sided tests
        (Region(-0.3, 0.3), -0.5, 1.0, two_sided(2)),
        (Region(), 0.0, 1.0, 1.0),  # everything: says nothing
    ],
)
def test_regions_by_hand(region: Region, value: float, outside: float, inside: float) -> None:
    assert region.p_values(at(value)) == pytest.approx((outside, inside))


def test_a_claim_holds_where_its_interval_is_within() -> None:
    """Alone on its page a claim is decided exactly where the whole 95 % interval is on one side."""
    for value in np.linspace(-0.6, 0.6, 61):
        found, region = at(float(value)), Region(-0.3, 0.3)
        interval = found.interval
        assert interval is not None
        within = region.low < interval.low and interval.high < region.high
        outside = interval.low > region.high or interval.high < region.low
        (decision,) = decide([[ClaimNumber(found, region)]])
        assert decision.word == (HOLDS if within else FAILS if outside else CANNOT_TELL), value


def test_a_claim_of_several_parts_says_all_of_them() -> None:
    below = Region(high=0.0)
    assert decide([[ClaimNumber(at(-0.5), below), ClaimNumber(at(-0.5), below)]])[0].word == HOLDS
    both = decide([[ClaimNumber(at(-0.5), below), ClaimNumber(at(-0.1), below)]])[0]
    assert (both.word, both.adjusted) == (CANNOT_TELL, pytest.approx(two_sided(1)))
    one = decide([[ClaimNumber(at(-0.5), below), ClaimNumber(at(0.3), below)]])[0]
    assert (one.word, one.adjusted) == (FAILS, pytest.approx(2 * two_sided(3)))


def test_the_correction_is_over_the_claims_that_can_be_decided() -> None:
    below, none = Region(high=0.0), Contrast(-5.0, ())
    found = decide([[ClaimNumber(at(-0.215), below)], [ClaimNumber(none, below)], [ClaimNumber(at(0.4), below)]])
    assert [decision.word for decision in found] == [HOLDS, CANNOT_TELL, FAILS]
    assert [decision.adjusted for decision in found] == [
        pytest.approx(two_sided(2.15)), None, pytest.approx(2 * two_sided(4))
    ]  # fmt: skip
    assert found[0].visible == pytest.approx((0.1 * stats.norm.isf(0.0125),))
    assert found[1].visible is None and found[1].alone == CANNOT_TELL
    # two of 2.05 standard errors: each alone below 0.05, neither after correction
    twice = decide([[ClaimNumber(at(-0.205), below)], [ClaimNumber(at(0.205), below)]])
    assert [(each.word, each.alone) for each in twice] == [(CANNOT_TELL, HOLDS), (CANNOT_TELL, FAILS)]
    assert decide([[]])[0].word == CANNOT_TELL


def test_a_sum_of_two_is_a_contrast() -> None:
    generator = np.random.default_rng(0)
    first, second = (SeedSample.of((generator.random((3, 50)) < 0.3).astype(float)) for _ in range(2))
    sources = np.arange(50)[:, None]
    found = combination([Term(1.0, first, "a"), Term(-1.0, second, "a")], {"a": sources})
    assert found == contrast(first, second, sources)


def test_a_slope_over_images_of_their_own_by_hand() -> None:
    low, high = SeedSample.of_seeds([0.1, 0.2, 0.3]), SeedSample.of_seeds([0.4, 0.6, 0.8])
    found = combination([Term(-0.5, low, "60"), Term(0.5, high, "120")], {})
    assert found.difference == pytest.approx(0.2)
    # variances 0.01 / 3 and 0.04 / 3, a quarter of each; Welch: (1 + 4)^2 / (1/2 + 16/2) degrees
    assert found.components == (pytest.approx((0.05 / 12, 25 / 8.5)),)


def test_with_two_seeds_of_one_every_seed_level_stays_by_itself() -> None:
    samples = [SeedSample.of_seeds(scores) for scores in ([0.1, 0.2], [0.1, 0.2, 0.4], [0.3, 0.3, 0.3])]
    found = combination([Term(1.0, sample, "") for sample in samples], {})
    assert [component.freedom for component in found.components] == [1, 2, 2]
    one = combination([Term(1.0, SeedSample.of_seeds([0.1]), ""), Term(1.0, samples[0], "")], {})
    assert one.components == () and one.difference == pytest.approx(0.25)


def test_rank_correlations() -> None:
    first, second = [1, 2, 3, 4, 5, 6, 7, 8], [2, 1, 4, 3, 6, 5, 8, 7]
    found, r = rank_correlation(first, second), 1 - 6 * 8 / (8 * 63)
    assert np.tanh(found.difference) == pytest.approx(r) == pytest.approx(stats.spearmanr(first, second).statistic)
    assert found.components == (pytest.approx(((1 + r**2 / 2) / 5, np.inf)),)
    assert np.tanh(rank_correlation(first, first).difference) == pytest.approx(1 - 1 / 64)
    for bad in ([1, 2, 3, 4], [1, 1, 1, 1, 1]):
        with pytest.raises(ValueError, match="rank correlation needs 5"):
            rank_correlation(bad, bad)


def test_the_interquartile_mean_by_hand() -> None:
    """Eight runs: the middle four are 3 to 6; winsorised, the tasks are 3 3 3 4 and 5 6 6 6."""
    found = interquartile_mean([np.array([1.0, 2.0, 3.0, 4.0]), np.array([5.0, 6.0, 7.0, 8.0])])
    assert found.difference == 4.5
    assert found.components == (pytest.approx((0.0625, 3)),) * 2  # each 4 * 0.25 / 4^2
    one = interquartile_mean([np.array([1.0]), np.array([3.0, 5.0])])
    assert (one.difference, one.components) == (3.0, ())


STUDIES = 100
MOST = 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / STUDIES)
"""2.5 standard errors of the simulation above the level."""


@pytest.mark.parametrize("seeds", [2, 3, 5, 10])
@pytest.mark.parametrize("row", simulated.ROWS, ids=lambda row: row.name)
def test_each_kind_of_claim_holds_its_level(row: simulated.Row, seeds: int) -> None:
    found = simulated.measure(row, seeds, STUDIES, start=seeds)
    assert found.false <= MOST and found.coverage >= 1 - MOST
    if seeds == 10:
        assert found.power >= 0.6


@pytest.mark.parametrize("seeds", [2, 3, 5, 10])
@pytest.mark.parametrize("name", list(simulated.AGGREGATES))
def test_aggregates_cover_the_truth(name: str, seeds: int) -> None:
    least = 0.93 if "long tail" in name else 0.95  # an interval of few seeds with a long tail is known to be narrow
    found = simulated.AGGREGATES[name](seeds, STUDIES, seeds)
    assert found >= least - 2.5 * np.sqrt(0.05 * 0.95 / STUDIES)


def test_a_page_of_claims_holds_its_level() -> None:
    assert simulated.pages(5, 20) <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / 20)


@pytest.mark.parametrize(
    ("bound", "region", "sides"),
    [
        ("exact", Region(low=0.0), (True, False)),  # what may be said: that it is inside, that it is outside
        ("at least", Region(low=0.0), (True, False)),
        ("at most", Region(low=0.0), (False, False)),
        ("unknown", Region(low=0.0), (False, False)),
        ("at least", Region(high=2.0), (False, False)),
        ("at most", Region(high=2.0), (True, False)),
        ("at least", Region(0.0, 2.0), (False, False)),
        ("exact", Region(high=0.0), (False, True)),
        ("at least", Region(high=0.0), (False, True)),
        ("at most", Region(high=0.0), (False, False)),
        ("at most", Region(low=2.0), (False, True)),
        ("at least", Region(low=2.0), (False, False)),
        ("unknown", Region(high=0.0), (False, False)),
    ],
)
def test_a_bound_says_no_more_than_all_numbers_beyond_it(bound, region, sides) -> None:
    found = Contrast(1.0, (Component(1e-4, 100.0),), bound)
    outside, inside = region.p_values(found)
    assert (outside < 0.001, inside < 0.001) == sides


def test_a_sum_with_lower_bounds_is_a_bound() -> None:
    late, known = SeedSample.of_seeds([1.0, 2.0], 0.0, [False, True]), SeedSample.of_seeds([3.0, 4.0])

    def bound(*weighted: tuple[float, SeedSample]) -> str:
        return combination([Term(weight, sample, "") for weight, sample in weighted], {}).bound

    assert bound((1.0, known), (-1.0, known)) == "exact"
    assert bound((1.0, late), (-1.0, known)) == "at least" and bound((1.0, known), (-1.0, late)) == "at most"
    assert bound((1.0, late), (-1.0, late)) == "unknown" and bound((0.5, late), (0.5, late)) == "at least"


def test_seeds_that_agree_to_a_grain_vary_by_half_of_it() -> None:
    same = SeedSample.of_seeds([2.0, 2.0], 0.4)
    assert same.over_seeds == pytest.approx((0.2**2 / 2, 1))
    assert SeedSample.of_seeds([2.0, 3.0], 0.4).over_seeds == pytest.approx((0.5 / 2, 1))
    assert SeedSample.of(np.zeros((2, 50))).over_seeds == pytest.approx((0.01**2 / 2, 1))  # half an image of 50
