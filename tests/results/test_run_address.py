"""A run's address: what is part of it, what is not, and that it is a function of the configuration alone."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf
from run_helpers import composer

from benchmark.results.run_id import address, digest, flatten, identity

COMPOSER = composer()


def of(*overrides):
    return COMPOSER.address(COMPOSER.job(["attention=dram", "data=digit_pairs", *overrides]))


def test_the_default_composition_has_no_setting():
    found = of()
    assert (found.setting, found.differs) == ("", {})
    assert str(found.folder) == "runs/default/dram/digit_pairs/seed=0"


@pytest.mark.parametrize("override", ["study=other", "runs=elsewhere", "threads=3", "progress=false", "logger=wandb",
                                      "trainer.accelerator=cpu"])  # fmt: skip
def test_what_changes_nothing_that_is_learned_changes_no_hash(override):
    assert of(override).config_hash == of().config_hash
    assert of(override).setting == ""


def test_the_seed_changes_the_hash_and_the_folder_but_is_no_setting():
    one = of("seed=1")
    assert one.config_hash != of().config_hash
    assert one.name == "dram/digit_pairs/seed=1"


def test_what_differs_is_named_with_its_value():
    found = of("optimizer.make.lr=0.5", "seed=2")
    assert found.differs == {"optimizer.make.lr": 0.5}
    assert found.setting == digest({"optimizer.make.lr": 0.5})[:8]
    assert found.name == f"dram/digit_pairs/seed=2-{found.setting}"


def test_what_differs_from_an_experiment_is_told_beside_what_differs_from_the_defaults():
    job = COMPOSER.job(["experiment=table1_dram", "trainer.max_epochs=50", "seed=3"])
    found, unsaid = COMPOSER.address(job, "table1_dram"), COMPOSER.address(job)
    assert (found.experiment, found.beyond) == ("table1_dram", {"trainer.max_epochs": 50})
    assert found.differs["trainer.max_epochs"] == 50 and found.differs["decoder.hidden_size"] == 512
    assert (unsaid.experiment, unsaid.beyond) == ("", unsaid.differs)
    assert (found.folder, found.config_hash) == (unsaid.folder, unsaid.config_hash)  # a name changes nothing


OF_EACH_KIND = ["ram28", "pairs_small", "pairs_grown", "svhn_dram_fb", "dogs_multi_crop", "coco_sat_soft_scst"]
"""Alone, with its mechanism or its start left open, on top of another, without a learning rate of its own."""


@pytest.mark.parametrize("experiment", OF_EACH_KIND)
def test_an_experiment_as_it_stands_differs_in_nothing_from_itself(experiment):
    job = COMPOSER.job([f"experiment={experiment}"])
    if "attention" not in job:  # left to the command line
        job = COMPOSER.job([f"experiment={experiment}", "attention=dram"])
    for key in OmegaConf.missing_keys(job):
        OmegaConf.update(job, key, "given", force_add=True)  # what it leaves open is no deviation
    assert COMPOSER.address(job, experiment).beyond == {}


def test_typing_a_default_out_is_the_default():
    usual = COMPOSER.job(["attention=dram", "data=digit_pairs"]).optimizer.make.lr
    assert of(f"optimizer.make.lr={usual}") == of()


def test_a_key_that_only_one_side_has_differs():
    base = {
        "attention": {"name": "a"},
        "data": {"name": "d"},
        "seed": 0,
        "runs": "r",
        "study": "s",
        "identity_excludes": [],
    }
    assert address({**base, "x": {"y": 1}}, base).differs == {"x.y": 1}
    assert address(base, {**base, "x": {"y": 1}}).differs == {"x.y": None}


def test_an_excluded_key_takes_what_is_below_it_and_nothing_that_only_begins_alike():
    assert identity({"a": {"b": 1, "c": {"d": 2}}, "ab": 3}, ["a.c"]) == {"a.b": 1, "ab": 3}
    assert identity({"a": {"b": 1}, "ab": 3}, ["a"]) == {"ab": 3}


def test_a_choice_counts_by_its_name_and_a_class_not_at_all():
    """So that a class may get another name, and two classes with the same knobs are two runs all the same."""
    base = {"cell": {"_target_": "a.One", "_partial_": True, "size": 1}, "choices": {"cell": "one", "experiment": "x"}}
    other = {"cell": {"_target_": "b.Two", "size": 1}, "choices": {"cell": "one"}}
    assert identity(base, ["experiment"]) == identity(other, []) == {"cell.size": 1, "cell": "one"}
    assert identity({**other, "choices": {"cell": "two"}}, []) != identity(other, [])
    assert identity({"x": [{"_target_": "a", "n": 1}]}, []) == {"x": [{"n": 1}]}


def test_what_choice_was_made_differs_by_its_name():
    found = of("cell=gru")
    assert found.differs == {"cell": "gru"}
    assert of("cell=gru") != of("cell=tanh") and of("cell=lstm") == of()
    assert of("callbacks=[early_stopping]").differs["callbacks"] == ["early_stopping"]


@pytest.mark.parametrize("override", ["cell._target_=my.Cell", "+callbacks.mine._target_=my.Callback"])
def test_a_class_set_by_hand_is_another_run(override):
    key, _, target = override.lstrip("+").partition("=")
    found = of(override)
    assert found.differs[key] == target and found.config_hash != of(override + "2").config_hash != of().config_hash


def test_a_class_that_the_chosen_yaml_names_may_be_typed_out():
    assert of("cell=gru", "cell._target_=benchmark.model.cell.gru.GRU") == of("cell=gru")
    assert of("cell=gru", "cell._target_=benchmark.model.cell.lstm.LSTM") not in (of("cell=gru"), of())


@pytest.mark.parametrize(("experiment", "by_hand"), [
    ("coco_sat_soft", {"attention.mechanism.gate._target_": "benchmark.model.attention.gate.ScalarGate"}),
    ("table1_dram", {}),
])  # fmt: skip
def test_a_class_that_an_experiment_sets_is_told_in_its_place(experiment, by_hand):
    chosen = COMPOSER.job([f"experiment={experiment}"]).choices
    assert {key: value for key, value in chosen.items() if "_target_" in key} == by_hand


LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text("aé\n", max_size=3)
NAMES = st.text("abc", min_size=1, max_size=2)
TREES = st.dictionaries(
    NAMES, LEAVES | st.lists(LEAVES, max_size=2) | st.dictionaries(NAMES, LEAVES, max_size=2), max_size=3
)


@given(TREES)
def test_the_hash_survives_order_and_json(tree):
    turned = dict(reversed(flatten(tree).items()))
    assert digest(flatten(tree)) == digest(turned) == digest(json.loads(json.dumps(turned)))
