"""The rules of claims by hand: from the scores of arms to numbers and the regions that they should lie in."""

import numpy as np
import pytest

from benchmark.claims.measure.base import NO_IMAGES, ArmScores
from benchmark.claims.rule.level import Level
from benchmark.claims.rule.order import RisingOrder
from benchmark.claims.rule.ranks import RankCorrelation
from benchmark.claims.rule.ratio import Ratio
from benchmark.claims.rule.slope import Slope
from benchmark.claims.rule.steeper import Steeper
from benchmark.report.analysis.contrasts import SeedSample
from benchmark.report.analysis.inference import Region


def arms(**scores: list[float]) -> dict[str, ArmScores]:
    return {name: ArmScores(SeedSample.of_seeds(each), "", NO_IMAGES) for name, each in scores.items()}


def test_an_order_of_three_is_of_all_neighbours() -> None:
    parts = RisingOrder(["a", "b", "c"], by=0.1).parts(arms(a=[0.1, 0.1], b=[0.4, 0.4], c=[0.2, 0.2]))
    assert [part.found.difference for part in parts] == pytest.approx([0.3, -0.2])
    assert [part.region for part in parts] == [Region(low=0.1)] * 2


def test_the_variance_of_a_ratio_is_of_its_logarithm() -> None:
    (part,) = Ratio("a", "b", above=0.5, below=2.0).parts(arms(a=[0.1, 0.2, 0.3], b=[0.4, 0.6, 0.8]))
    assert part.found.difference == pytest.approx(np.log(0.2 / 0.6)) and part.region == (np.log(0.5), np.log(2.0))
    # each variance over seeds, 0.01 / 3 and 0.04 / 3, over the squared mean
    assert [component.variance for component in part.found.components] == pytest.approx([0.25 / 3 + 1 / 27])


@pytest.mark.parametrize("power", [False, True])
def test_a_slope_is_by_least_squares(power: bool) -> None:
    at, mean = {"a": 1.0, "b": 2.0, "c": 6.0}, [0.2, 0.1, 0.6]
    (part,) = Slope(at, power, above=0.0, below=None).parts(arms(a=[0.2, 0.2], b=[0.1, 0.1], c=[0.6, 0.6]))
    x, y = (np.log(list(at.values())), np.log(mean)) if power else (list(at.values()), mean)
    assert part.found.difference == pytest.approx(np.polyfit(x, y, 1)[0]) and part.region == Region(low=0.0)


def test_nothing_lies_between_a_bound_and_itself() -> None:
    with pytest.raises(ValueError, match="has to be less than below"):
        Level("a", above=0.1, below=0.1)
    assert Level("a", above=0.1, below=0.2).parts(arms(a=[0.1, 0.2]))[0].region == Region(0.1, 0.2)


def test_what_is_steeper_is_a_difference_of_slopes() -> None:
    rule = Steeper({"a0": 0.0, "a4": 4.0}, {"b0": 0.0, "b2": 2.0}, by=0.01)
    (part,) = rule.parts(arms(a0=[0.1, 0.1], a4=[0.5, 0.5], b0=[0.2, 0.2], b2=[0.24, 0.24]))
    assert part.found.difference == pytest.approx(0.4 / 4 - 0.04 / 2) and part.region == Region(low=0.01)


def test_a_rank_correlation_is_bounded_on_the_scale_that_is_tested() -> None:
    rows = dict(zip("abcde", [(1.0, 2.0), (2.0, 1.0), (3.0, 3.0), (4.0, 4.0), (5.0, 5.0)], strict=True))
    (part,) = RankCorrelation(rows, "one", "other", above=0.5, below=None).parts({})
    assert part.region == Region(low=np.arctanh(0.5))
    assert part.shown(part.found.difference) == pytest.approx(1 - 6 * 2 / (5 * 24))
