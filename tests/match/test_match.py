"""Widths are scaled until a mechanism has its budget, or it is said why that cannot be; everything else stays."""

import copy
import math
from functools import cache

import models
import pytest
from run_helpers import composer

from benchmark.build import build_data, build_rnn
from benchmark.common.errors import ConfigFault
from benchmark.config.check import config_faults
from benchmark.config.compose import plain, written
from benchmark.evaluation import cost
from benchmark.match import scaling
from benchmark.match.nearest_scale import Nearest, nearest_scale
from benchmark.match.parameters import MatchParameters
from benchmark.match.widths import scaled
from benchmark.results.record import matched
from benchmark.sweep.base import plan
from datamodules.ranges import Count, OptionalWidth, Width

COMPOSER = composer()
TOLERANCE = 0.05


MATCH = ("match=parameters",)
SMALL = ("attention=none", *MATCH, "match.to=60000")


@cache
def job(*texts):
    """The configuration of a run, which no test changes."""
    return COMPOSER.job([*texts])


def counted(config, count):
    """The cost of what a configuration builds, apart from the code that scaled it."""
    _, spec = build_data(config)
    rnn = build_rnn(config, spec)
    return cost.parameters(rnn) if count == "parameters" else cost.multiply_adds(rnn, spec)


@pytest.mark.parametrize("attention", models.ATTENTION)
def test_every_mechanism_has_the_number_of_parameters_or_is_refused(attention):
    config = copy.deepcopy(models.config(f"attention={attention}"))
    try:
        MatchParameters(120000, TOLERANCE, []).apply(config, job)
    except ConfigFault as fault:
        assert f"attention={attention} on data=digit_pairs" in str(fault) and "the nearest" in str(fault)
        return
    chosen = plain(config)["match"]["chosen"]
    assert abs(chosen["reached"] - 120000) <= TOLERANCE * 120000
    if attention in ("adaptive", "cnn11", "dram", "stn_parallel"):  # of every kind of encoder and decoder
        assert counted(config, "parameters") == chosen["reached"]
    assert config_faults(plain(config), written(config)) == []


def test_multiply_adds_of_another_mechanism_are_met():
    config = job("attention=nic", "match=multiply_adds", "match.to=none")
    aim = counted(job("attention=none"), "multiply_adds")
    chosen = config.match.chosen
    assert chosen.budget == aim and abs(chosen.reached - aim) <= TOLERANCE * aim
    assert counted(config, "multiply_adds") == chosen.reached


def test_two_budgets_are_two_folders_and_a_budget_that_is_met_already_is_none():
    usual, small, same = job("attention=none"), job(*SMALL), job("attention=none", *MATCH, "match.to=none")
    large = job("attention=none", *MATCH, "match.to=300000")
    addresses = [COMPOSER.address(config) for config in (usual, small, large, same)]
    assert len({address.config_hash for address in addresses[:3]}) == 3
    assert addresses[3] == addresses[0] and same.match.chosen.scale == 1.0
    assert addresses[1].differs["decoder.hidden_size"] == small.decoder.hidden_size < large.decoder.hidden_size < 128
    assert not any(key.startswith("match") for address in addresses for key in address.differs)


def test_a_record_says_what_was_chosen_and_nothing_without_a_budget():
    usual = plain(job("attention=none"))
    assert matched(usual) == {} == matched({"choices": {}})
    found = matched(plain(job(*SMALL)))["match"]
    assert (found["by"], found["to"], found["budget"], found["tolerance"]) == ("parameters", 60000, 60000, TOLERANCE)
    assert found["reached"] == counted(job(*SMALL), "parameters")
    assert set(found["widths"]) >= {"encoder.size", "encoder.body.layers", "decoder.hidden_size"}


def test_a_seed_changes_nothing_and_what_is_fixed_stays():
    assert job(*SMALL, "seed=3").match == job(*SMALL).match
    config = job(*SMALL, "match.fixed=[encoder.body]")
    assert config.encoder.body.layers == job("attention=none").encoder.body.layers
    assert "encoder.size" in config.match.chosen.widths and "encoder.body.layers" not in config.match.chosen.widths


@pytest.mark.parametrize(
    "texts, words",
    [
        (
            ["match.to=9"],
            "attention=none on data=digit_pairs cannot have 9 parameters within 5 %: it has at least ",
        ),
        (["match.to=ramm"], "match.to=ramm: is neither a number nor a mechanism; did you mean 'ram'"),
        ([], "match.to: has no value, and needs one"),
        (["match.to=9000", "match.fixed=[encoder,decoder]"], "no widths that could be scaled to 9,000; match.fixed"),
        (["match.to=dram", "+encoder.body.deeper=1", "encoder=conv_code"], None),
    ],
)
def test_what_cannot_be_is_refused_in_words(texts, words):
    if words is None:  # other faults are reported where they are checked
        config = job("attention=none", "match=parameters", *texts)
        assert any("deeper" in fault for fault in config_faults(plain(config), written(config)))
        return
    with pytest.raises(ConfigFault) as fault:
        job("attention=none", "match=parameters", *texts)
    assert words in str(fault.value)


@pytest.mark.parametrize(("cost", "refused"), [(95, False), (105, False), (94, True), (106, True)])
def test_a_budget_is_met_within_its_tolerance(monkeypatch, cost, refused):
    monkeypatch.setattr(scaling, "nearest_scale", lambda count, aim, tolerance: Nearest(1.0, cost, 1, 1000))
    config = copy.deepcopy(job("attention=none"))
    if refused:
        with pytest.raises(ConfigFault, match="cannot have 100 parameters within 5 %"):
            MatchParameters(100, TOLERANCE, []).apply(config, job)
        return
    MatchParameters(100, TOLERANCE, []).apply(config, job)
    assert (config.match.chosen.budget, config.match.chosen.reached) == (100, cost)


def test_the_parameters_of_a_mechanism_are_not_taken_for_its_multiply_adds():
    config = job("attention=none", "look.hidden=24")
    units = {"parameters": 5, "multiply-adds": 7}
    budgets = [scaling.Budget(unit, lambda rnn, spec, n=number: n, "none", 0.1, []) for unit, number in units.items()]
    assert [scaling.known_cost(config, budget) for budget in budgets * 2] == [5, 7, 5, 7]


def test_a_sweep_refuses_all_its_mechanisms_at_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    jobs = [[f"attention={name}", "match=parameters", "match.to=9"] for name in ("none", "cnn_weak")]
    with pytest.raises(ConfigFault) as fault:
        plan(COMPOSER, jobs, {})
    assert len(fault.value.faults) == 2 and not list(tmp_path.iterdir())


def test_widths_are_scaled_wherever_they_stand():
    assert scaled(128, Width, 0.7) == 90 and scaled(3, Width, 0.01) == 1 and scaled(8, Count, 2.0) == 8
    assert (
        scaled(0, OptionalWidth, 2.0) == 0
        and scaled(5, Width | None, 2.0) == 10
        and scaled(None, Width | None, 2) is None
    )
    layers = list[tuple[Width, Count, Count]]
    assert scaled([[16, 5, 2], [32, 3, 1]], layers, 0.5) == [[8, 5, 2], [16, 3, 1]]
    assert scaled([10, 20], list[Width], 1.5) == [15, 30]


@pytest.mark.parametrize("power", [1.0, 2.0])
@pytest.mark.parametrize("aim", [50, 1000, 123_456, 900_000])
def test_the_scale_of_a_known_cost_is_found(power, aim):
    looks = []

    def count(scale):
        looks.append(scale)
        return 40 + round(1000 * scale**power)

    found = nearest_scale(count, aim, TOLERANCE)
    assert abs(found.cost - aim) <= 0.2 * TOLERANCE * aim + 1 and len(looks) < 16
    assert math.isclose(found.scale, ((aim - 40) / 1000) ** (1 / power), rel_tol=0.1)


def test_of_coarse_steps_the_nearest_is_taken():
    found = nearest_scale(lambda scale: 100 * max(1, round(3 * scale)), 240, TOLERANCE)
    assert found.cost == 200 and nearest_scale(lambda scale: 7, 100, TOLERANCE).least == 7
