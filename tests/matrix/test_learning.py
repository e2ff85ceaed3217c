"""It learns: a minute of training on an easy task tells every kind of mechanism from chance and from random looks."""

import pytest
import torch
from models import built

from benchmark.evaluation.evaluate import evaluate

EASY = (
    "data.labels._target_=datamodules.digits.labels.SingleDigit", "data.canvas=16", "data.clutter=0",
    "data.batch_size=64",
    "data.images_per_epoch=64000", "data.test_images=500", "data.evaluation_batch_size=500", "look.glimpses=2",
    "look.size=8", "look.crop=8", "look.scales=1", "look.unit=4", "look.hidden=64", "optimizer.make.lr=0.003",
    "optimizer.policy_rate.warmup=0.1", "look.wait=0.0", "look.aim=0.1",
)  # fmt: skip
"""One 8 x 8 digit on 16 x 16 px, two looks of 8 x 8 px: a look anywhere sees a quarter of the digit or less."""

DENSE = ("encoder=dense", "encoder.sizes=[128]")
EXPLORE = "look.explore=1.6"


def trained(name, steps, *overrides, seed=0):
    """The evaluation of a model after this many steps, as the module would make them."""
    parts = built(name, *EASY, *overrides, seed=seed)
    module = parts.module.train()
    optimizer, rate = module.optimisation.optimizer(module.core, module.policy, module.own_rates, steps)
    for number, batch in zip(range(steps), parts.datamodule.batches("train", torch.device("cpu")), strict=False):
        for part in module.scheduled:
            part.at(number / steps)
        optimizer.zero_grad()
        module.train_step(module.rnn, module.objective, batch)["loss"].backward()
        module.optimisation.clip(module.core, module.policy)
        optimizer.step()
        rate.step()
    test = parts.datamodule.batches("test", torch.device("cpu"))
    return evaluate(module.rnn, test, module.measure, samples=2, seed=0)


def errors(name, steps, *overrides):
    found = trained(name, steps, *overrides)
    return found, {way: found.test[way]["error"] for way in ("mean", "sample", "average", "random")}


@pytest.fixture(scope="module")
def item_probs():
    """The error of random looks, after training with them."""
    found, error = errors("random", 250, *DENSE)
    assert 0.6 < error["mean"] < 0.9 and found.localisation["mean"]["hit_rate"] == pytest.approx(0.25, abs=0.05)
    return error["mean"]


def test_the_oracle_is_near_its_ceiling(item_probs):
    found, error = errors("oracle", 200, *DENSE)
    assert error["mean"] < 0.1 and found.localisation["mean"]["hit_rate"] == 1


def test_dram_learns_where_to_look(item_probs):
    """Its policy, not its reader alone: the same weights looking anywhere do as badly as chance."""
    found, error = errors("dram", 300, *DENSE, EXPLORE)
    assert error["mean"] < 0.25 < 0.5 < min(error["random"], item_probs)
    assert error["sample"] < 0.3 and error["average"] < 0.25
    looks = found.localisation
    assert looks["mean"]["hit_rate"] > 0.6 > 0.4 > looks["random"]["hit_rate"]
    assert looks["mean"]["first_distance"] < 5 < 6 < looks["random"]["first_distance"]


def test_a_map_of_the_window_learns_where_to_look(item_probs):
    """DRAM whose policy draws a cell of the window it has just seen: in fewer steps than a Gaussian is given."""
    found, error = errors("dram", 200, *DENSE, "attention/policy=map")
    assert error["mean"] < 0.3 < 0.55 < min(error["random"], item_probs)
    looks = found.localisation
    assert looks["mean"]["hit_rate"] > 0.8 > 0.7 > looks["random"]["hit_rate"]
    assert "expectation" in found.test


def test_ram_looks_better_than_anywhere(item_probs):
    _, error = errors("ram", 400, *DENSE, EXPLORE, "look.scales=2", "look.glimpses=3")
    assert error["mean"] < item_probs - 0.2 and error["mean"] < error["random"] - 0.05


@pytest.mark.parametrize(
    "name, steps, most", [("item_soft", 300, 0.4), ("item_hard", 300, 0.5), ("location_soft", 500, 0.4)]
)
def test_the_other_mechanisms_beat_chance(name, steps, most, item_probs):
    _, error = errors(name, steps)
    assert error["mean"] < most < item_probs
    assert error["mean"] < error["random"] - 0.2
