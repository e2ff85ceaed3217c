"""Hydra's syntax of sweeps as distributions of Optuna's; what is empty, or falls, is refused."""

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from benchmark.search.ranges import search_range


def parsed(text):
    (override,) = OverridesParser.create().parse_overrides([text])
    return search_range(override)


@pytest.mark.parametrize(
    "text, distribution, ends",
    [
        ("a.b=interval(0.5,2)", FloatDistribution(0.5, 2.0), ["a.b=0.5", "a.b=2.0"]),
        ("a=tag(log,interval(1e-4,1e-2))", FloatDistribution(1e-4, 1e-2, log=True), ["a=0.0001", "a=0.01"]),
        ("a=tag(log,int(interval(8,512)))", IntDistribution(8, 512, log=True), ["a=8", "a=512"]),
        ("a=range(1,8,3)", IntDistribution(1, 7, step=3), ["a=1", "a=7"]),
        ("a=range(0.5,2.0,0.5)", FloatDistribution(0.5, 1.5, step=0.5), ["a=0.5", "a=1.5"]),
        ("cell=lstm,gru,lstm", CategoricalDistribution(["lstm", "gru"]), ["cell=lstm", "cell=gru"]),
        ("a=choice(1,2.5,[3,4])", CategoricalDistribution(["1", "2.5", "[3,4]"]), ["a=1", "a=2.5", "a=[3,4]"]),
    ],
)
def test_a_range_is_the_distribution_that_it_says(text, distribution, ends):
    found = parsed(text)
    assert found.distribution == distribution and found.ends() == ends
    assert f"{found.knob}={found.text}" == text


@pytest.mark.parametrize(
    "text, words",
    [
        ("a=interval(2,1)", "2 is not below 1"),
        ("a=tag(log,interval(0,1))", "begins above 0"),
        ("a=range(3,3)", "empty"),
        ("a=range(5,1,-1)", "has to rise"),
        ("a=tag(log,range(1,5))", "no logarithmic scale"),
    ],
)
def test_what_is_no_range_is_refused_in_words(text, words):
    with pytest.raises(ValueError, match=words):
        parsed(text)
