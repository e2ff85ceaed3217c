"""The published protocols of house numbers: each builds, takes a step, and starts where it says."""

import pytest
import torch
from models import house_numbers, no_boxes, no_references, protocol
from run_helpers import ROOT

from benchmark.build import build_module
from benchmark.evaluation.evaluate import evaluate
from benchmark.model.attention.distribution import mode
from datamodules.contract import IGNORED, Batch

PROTOCOLS = sorted(path.stem for path in (ROOT / "conf" / "experiment").glob("svhn*.yaml"))
SMALL = {
    "cnn": ("encoder.sizes=[16,16]",),
    "dram": ("decoder.hidden_size=16", "decoder.head=[16]"),
    "focus": ("decoder.hidden_size=16", "decoder.head=[16]"),
}
END = 10


def small(name, *overrides):
    """The protocol's module, its widest layers narrow, for images of its size."""
    cfg = protocol(name, *(line for part, lines in SMALL.items() if part in name for line in lines), *overrides)
    return build_module(cfg, house_numbers(110 if "110" in name else 54, channels=1), no_references)


def images(side):
    torch.manual_seed(1)
    target = torch.tensor([[1, 9, END, *[IGNORED] * 3], [5, END, *[IGNORED] * 4]])
    return Batch(torch.randn(2, 1, side, side), target, no_boxes(2), torch.arange(2))


def saved(module, path):
    torch.save({"state_dict": module.state_dict()}, path)
    return f"start.checkpoint={path}"


BEFORE = {"svhn110_dram": "svhn_dram", "svhn110_focus": "svhn_dram", "svhn_stn_next": "svhn_stn"}
"""Whose weights a protocol goes on from."""


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_protocol_takes_a_step_and_reads(name, tmp_path):
    torch.manual_seed(0)
    given = [saved(small(BEFORE[name]), tmp_path / "best.ckpt")] if name in BEFORE else []
    module, batch = small(name, *given), images(110 if "110" in name else 54)
    loss = module.train_step(module.rnn, module.objective, batch)["loss"]
    loss.backward()
    assert loss.isfinite() and all(norm.isfinite() for norm in module.optimisation.clip(module.core, module.policy))
    held = [id(parameter) for parameter in (*module.core, *module.policy)]
    assert len(held) == len(set(held)) == len(list(module.parameters()))
    found = evaluate(module.rnn, [batch], module.measure, samples=2, seed=0)
    assert set(found.test["mean"]) == {"error", "digit_error", "length_error", "by_length", "standard_error"}


def test_fine_tuning_goes_on_from_small_images(tmp_path):
    torch.manual_seed(0)
    before = small("svhn_dram")
    after = small("svhn110_dram", saved(before, tmp_path / "best.ckpt"))
    kept = dict(after.rnn.named_parameters())
    assert all(torch.equal(value, kept[name]) for name, value in before.rnn.named_parameters())


def test_both_directions_go_on_from_small_images_too(tmp_path):
    torch.manual_seed(0)
    before = small("svhn_dram_fb")
    after = small("svhn110_dram", "passes=both_directions", saved(before, tmp_path / "best.ckpt"))
    kept = dict(after.rnn.named_parameters())
    assert all(torch.equal(value, kept[name]) for name, value in before.rnn.named_parameters())


def test_the_next_stage_keeps_the_localiser_and_forgets_the_recogniser(tmp_path):
    torch.manual_seed(0)
    before = small("svhn_stn")
    with torch.no_grad():
        for parameter in before.rnn.attention.theta.parameters():
            parameter.normal_(std=0.01)  # as trained: fresh, it is zero
    after = small("svhn_stn_next", saved(before, tmp_path / "best.ckpt"))
    kept = dict(after.rnn.named_parameters())
    same = {name for name, value in before.rnn.named_parameters() if torch.equal(value, kept[name])}
    localiser = (
        "attention.localiser.",
        "attention.of_image.",
        "attention.of_query.",
        "attention.theta.",
        "attention.start_sP",
    )
    assert {name for name in kept if name.startswith(localiser)} <= same
    assert not {name for name in same if name.startswith(("decoder.", "attention.network.")) and "embed" not in name}


def test_focus_reads_with_the_weights_of_small_images(tmp_path):
    torch.manual_seed(0)
    before = small("svhn_dram")
    module = small("svhn110_focus", saved(before, tmp_path / "best.ckpt"))
    kept, batch = dict(module.rnn.near.named_parameters()), images(110)
    assert all(torch.equal(value, kept[name]) for name, value in before.rnn.named_parameters())
    with torch.no_grad():
        rollout = module.rnn(batch.image, batch.boxes, None, 1, mode)
    assert rollout.logits.shape == (2, 1, 6, 11)
    optimizer, _ = module.optimisation.optimizer(module.core, module.policy, module.own_rates, 1)
    assert all(group["lr"] == 0 for group in optimizer.param_groups)
