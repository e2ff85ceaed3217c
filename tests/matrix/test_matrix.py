"""Every mechanism on every kind of data: a training step, an evaluation, maps of where it looked."""

import re
from functools import cache

import pytest
import yaml
from models import ATTENTION, DATA, SMALL, built, config, files
from omegaconf import OmegaConf, open_dict
from run_helpers import ROOT

from benchmark.check import mechanism
from benchmark.check.given import Given
from benchmark.common.tones import Stretched
from benchmark.evaluation.cost import multiply_adds
from benchmark.evaluation.pictures import panel


@pytest.fixture(scope="session")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


def composed(attention, data, root):
    """As Hydra composes it, but put together from one composition of each: a data set's file sets `data` and `look`."""
    cfg = config(f"attention={attention}", *SMALL).copy()
    with open_dict(cfg):
        cfg.update(of_data(data, root))
    return cfg


@cache
def of_data(data, root):
    """What a data set's file sets, as small as its knobs allow."""
    known = config("attention=none", f"data={data}").data
    small = [knob for knob in SMALL if not knob.startswith("data.") or knob.split("=")[0].split(".")[1] in known]
    given = OmegaConf.to_container(config("attention=none", f"data={data}", *small, *files(data, root)), resolve=False)
    return {node: given[node] for node in ("data", "look", "metrics")}


@pytest.mark.parametrize("attention, data", [("dram", "mnist_cluttered"), ("item_soft", "digit_pairs_ordered")])
def test_the_matrix_is_as_hydra_composes_it(attention, data, root):
    whole = config(f"attention={attention}", f"data={data}", *SMALL, *files(data, root))
    by_hand, expected = (
        OmegaConf.to_container(each, resolve=True) for each in (composed(attention, data, root), whole)
    )
    assert by_hand | {"choices": None} == expected | {"choices": None}


def parts_of(data):
    """The family of a data set, and the classes of its labels: what they share is alike to models."""
    text = (ROOT / f"conf/data/{data}.yaml").read_text()
    parents = [line for line in (yaml.safe_load(text).get("defaults") or []) if isinstance(line, str)]
    found = set(re.findall(r"_target_: (datamodules\.(?:\w+\.labels\.\w+|[a-rt-z]\w+))", text))  # not of storage
    return found.union(*(parts_of(parent) for parent in parents if parent != "_self_"))


KINDS = {frozenset(parts_of(data)): data for data in reversed(DATA)}
"""One data set of each kind; every mechanism is run on each, and MECHANISMS on all data sets."""
MECHANISMS = ("dram", "item_soft", "location_soft")
PAIRS = [(attention, data) for attention in ATTENTION for data in DATA
         if attention in MECHANISMS or data in KINDS.values()]  # fmt: skip


@pytest.mark.parametrize("attention, data", PAIRS)
def test_a_step_and_an_evaluation(attention, data, root):
    given = Given(composed(attention, data, root), "attention", attention)
    for contract in (*mechanism.RUNS, mechanism.MAPS):
        assert list(contract.faults(given)) == []
    assert given.spec.name == data


@pytest.mark.parametrize("attention", ATTENTION)
def test_a_panel_of_where_it_looked_and_a_count_of_two_symbols(attention, tmp_path):
    parts = built(attention, "look.glimpses=2", "data.test_images=2", data="digit_pairs_ordered")
    panel(parts.module, parts.datamodule, tmp_path / "pictures" / "panel.png", Stretched())
    assert (tmp_path / "pictures" / "panel.png").read_bytes().startswith(b"\x89PNG")
    assert multiply_adds(parts.module.rnn, parts.spec) > 0
