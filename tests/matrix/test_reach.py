"""Our recipes for table 1: what they have in common, what makes each its row, and a step of each."""

import pytest
import torch
from models import config, no_references
from omegaconf import OmegaConf

from benchmark.build import build_module
from datamodules.contract import Batch, TaskSpec
from datamodules.digits.labels import UnorderedPair

OTHERS = {
    "reach_translated": "mnist_translated",
    "reach_cluttered": "mnist_cluttered",
    "reach_cluttered100": "mnist_cluttered",
    "reach_ram28": "mnist28",
    "reach_addition": "mnist_addition",
}
"""Recipes for RAM's and DRAM's other tasks, and the data of each."""

SPEC = TaskSpec("mnist_pairs", "real", (1, 100, 100), UnorderedPair.symbols, 1, None, -0.4, ("one", "other"))


def flat(node, at=""):
    """The values of a configuration by their dotted keys."""
    if not isinstance(node, dict):
        return {at: node}
    return {key: value for name, each in node.items() for key, value in flat(each, f"{at}.{name}".strip(".")).items()}


def chosen(experiment):
    return flat(OmegaConf.to_container(config(f"experiment={experiment}"), resolve=True))


def changed(one, other):
    """The keys whose values differ, but for the names of choices."""
    found = {key for key in one.keys() | other.keys() if one.get(key, ()) != other.get(key, ())}
    return {key for key in found if not key.startswith("choices.")}


def test_the_rows_differ_in_what_makes_them_the_mechanism():
    dram, without, ram = (chosen(f"reach_{name}") for name in ("dram", "dram_nocontext", "ram"))
    whole = {".".join(key.split(".")[:3]) for key in changed(dram, without) - {"attention.name"}}
    assert {key for key in whole if not key.startswith("context.")} == {"attention.mechanism.policy"}
    assert dram["attention.mechanism.policy.glimpse"] == "context"
    policy, then = "attention.mechanism.policy.", "attention.mechanism.policy.then."
    shared = {key.removeprefix(then): value for key, value in without.items() if key.startswith(then)}
    shared.pop("glimpse")
    assert shared and all(dram[policy + key] == value for key, value in shared.items())
    parts = {".".join(key.split(".")[:3]) for key in changed(ram, without) if not key.startswith("decoder.core.")}
    assert parts == {
        "attention.name", "attention.control", "attention.mechanism.whatwhere", "cell._target_", "look.hidden",
        "decoder.hidden_size",
    }  # fmt: skip


def test_the_ceiling_differs_from_the_recipe_in_where_it_looks_alone():
    ceiling, recipe = chosen("reach_oracle"), chosen("reach_dram")
    parts = {".".join(key.split(".")[:3]) for key in changed(ceiling, recipe)}
    assert parts == {
        "attention.name", "attention.is_control", "attention.mechanism.policy",
    }  # fmt: skip
    assert ceiling["attention.mechanism.policy._target_"].endswith("OraclePolicy")


@pytest.mark.parametrize("row", ["ram", "dram_nocontext", "dram"])
def test_labels_and_the_canvases_of_validation_and_test_are_the_protocol_s(row):
    ours, published = chosen(f"reach_{row}"), chosen(f"table1_{row}")
    told = {key for key in changed(ours, published) if key.startswith("data.")}
    trained = {key for key in told if key.startswith("data.placement.")}
    assert told - trained <= {"data.batch_size", "data.images_per_epoch"}
    assert ours["data.placement._target_"].endswith(".CloseInTraining")  # which is Anywhere but for the training stream
    assert published["data.placement._target_"].endswith(".Anywhere")
    assert ours["look.glimpses"] == published["look.glimpses"] and "boxes" not in str(ours)


@pytest.mark.parametrize("row", ["ram", "dram_nocontext", "dram"])
def test_every_weight_gets_a_gradient(row):
    torch.manual_seed(0)
    module = build_module(config(f"experiment=reach_{row}"), SPEC, no_references)
    batch = Batch(torch.randn(3, 1, 100, 100), torch.tensor([[0], [7], [54]]), torch.rand(3, 2, 4), torch.arange(3))
    terms = module.train_step(module.rnn, module.objective, batch)
    terms["loss"].backward()
    still = {name for name, weight in module.named_parameters() if weight.grad is None}
    assert terms["loss"].isfinite() and not {name for name in still if "symbol" not in name}


@pytest.mark.parametrize(("recipe", "data"), OTHERS.items())
def test_the_other_tasks_are_the_papers_too(recipe, data):
    ours, published = chosen(recipe), flat(OmegaConf.to_container(config(f"data={data}"), resolve=True))
    told = {key for key in changed(ours, published) if key.startswith("data.")}
    trained = {key for key in told if key.startswith("data.placement.")}
    larger = {"data.name", "data.canvas", "data.clutter"} if recipe == "reach_cluttered100" else set()
    assert told - trained - larger <= {"data.batch_size", "data.images_per_epoch"}
    assert ours["data.placement._target_"].endswith(".CloseInTraining")  # which is Anywhere but for the training stream
    assert ours["look.glimpses"] == published["look.glimpses"] and "boxes" not in str(ours)


@pytest.mark.parametrize("recipe", OTHERS)
def test_the_other_tasks_have_the_recipe_of_table_1(recipe):
    row = "reach_dram" if recipe == "reach_addition" else "reach_ram"
    parts = {".".join(key.split(".")[:2]) for key in changed(chosen(recipe), chosen(row))}
    lengths = {"optimizer.rate", "optimizer.policy_rate", "trainer.max_epochs", "data.images_per_epoch"}
    of_the_task = {"look.glimpses", "look.unit", "look.explore", "look.crop", "decoder.composition"}
    retina = {"look.size", "look.scales", "encoder.body"}
    assert {part for part in parts if not part.startswith("data.")} <= lengths | of_the_task | retina | {
        "attention.glimpses", "attention.mechanism",
    }  # fmt: skip
