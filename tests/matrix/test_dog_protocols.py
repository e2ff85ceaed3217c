"""The protocols of Stanford Dogs: each builds and takes a step; looking costs the same on any photograph."""

import pytest
import torch
from models import config, no_references, roll
from omegaconf import OmegaConf
from run_helpers import ROOT

from benchmark.build import build_module, build_rnn
from benchmark.evaluation.cost import multiply_adds, multiply_adds_by_side
from benchmark.model.attention.distribution import sample
from datamodules.contract import Batch, TaskSpec

PROTOCOLS = sorted(path.stem for path in (ROOT / "conf" / "experiment").glob("dogs_*.yaml"))
LOCATION_WISE = [name for name in PROTOCOLS if "sermanet" in name or "stn" in name]
LAYERS = [(4, 5, 4), (6, 3, 4)]
"""Of the convolutions that stand in for torchvision's network, which is not installed everywhere and takes seconds."""


def stood_in(node):
    """A plain configuration with small convolutions where torchvision's networks are."""
    if not isinstance(node, dict):
        return node
    if node.get("_target_") == "benchmark.model.encoder.torchvision.Torchvision":
        return {"_target_": "benchmark.model.encoder.conv.Conv", "_partial_": True, "layers": LAYERS, "pad": True}
    return {key: stood_in(value) for key, value in node.items()}


def small(name, *overrides):
    cfg = config(f"experiment={name}", "objective.samples=2", "decoder.hidden_size=16", *overrides)
    return OmegaConf.create(stood_in(OmegaConf.to_container(cfg, resolve=True)))


def dogs(side):
    return TaskSpec("dogs", "real", (3, side, side), tuple(f"breed {n}" for n in range(120)), 1, None, 0.0, ("dog",))


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_protocol_takes_a_step(name):
    torch.manual_seed(0)
    cfg = small(name)
    module = build_module(cfg, dogs(cfg.data.size), no_references).train()
    batch = Batch(torch.randn(2, 3, cfg.data.size, cfg.data.size), torch.tensor([[3], [119]]), torch.zeros(2, 1, 4),
                  torch.arange(2))  # fmt: skip
    for part in module.scheduled:
        part.at(0.0)
    loss = module.objective(roll(module.rnn, batch, module.objective.samples, sample), batch.target)["loss"]
    loss.backward()
    assert loss.isfinite() and all(norm.isfinite() for norm in module.optimisation.clip(module.core, module.policy))
    core = [p for n, p in module.rnn.named_parameters() if ".body." in n]
    frozen = cfg.attention.name not in ("none", "multi_crop", "stn_parallel")
    assert core and all((p.grad is None) == frozen for p in core)


@pytest.mark.parametrize("name", LOCATION_WISE)
def test_nothing_of_the_full_resolution_is_encoded_but_what_is_looked_at(name):
    cfg = small(name)
    side = cfg.data.size
    counts = multiply_adds_by_side(lambda spec: build_rnn(cfg, spec), dogs(side), (side, 2 * side))
    assert list(counts) == [str(side), str(2 * side)] and len(set(counts.values())) == 1


def convolutions(channels, side):
    """(multiply-adds, numbers that come out) of the stand-in on a square."""
    total = 0
    for out, kernel, stride in LAYERS:
        side = (side + 2 * ((kernel - 1) // 2) - kernel) // stride + 1
        total, channels = total + side * side * kernel * kernel * channels * out, out
    return total, channels * side * side


RESOLUTIONS = {"all": 3, "high": 1, "medium": 1, "low": 1, "high_medium": 2, "medium_low": 2}


@pytest.mark.parametrize("name", RESOLUTIONS)
def test_the_core_is_counted_once_for_the_context_and_once_for_each_window(name):
    cfg, hidden, emission = small(f"dogs_sermanet_{name}"), 16, 128
    see, size = convolutions(3, 96)
    code = RESOLUTIONS[name] * size
    cores = hidden * (code + hidden) + hidden * (hidden + hidden)  # two storeys of rectifier units
    glimpse = RESOLUTIONS[name] * see + 2 * code + emission * (hidden + 2) + cores
    assert multiply_adds(build_rnn(cfg, dogs(384)), dogs(384)) == see + size * hidden + 3 * glimpse + hidden * 120


def test_no_attention_costs_as_its_reduced_image():
    at = {side: multiply_adds(build_rnn(small(f"dogs_none{side}"), dogs(384)), dogs(384)) for side in (96, 224)}
    for side, count in at.items():
        see, size = convolutions(3, side)
        assert count == see + size * 120


def test_five_crops_cost_five_readings():
    see, size = convolutions(3, 224)
    count = multiply_adds(build_rnn(small("dogs_multi_crop"), dogs(256)), dogs(256))
    assert count == 5 * (see + size * 120)
