"""The published protocols of captions: each builds, takes a step, and says a caption; at small sizes."""

import pytest
import torch
from models import configurations, no_boxes, task
from run_helpers import ROOT

from benchmark.build import build_module
from benchmark.common.torchvision_import import installed
from benchmark.model.attention.distribution import mode
from datamodules.contract import IGNORED, Batch

PROTOCOLS = sorted(path.stem for path in (ROOT / "conf" / "experiment").glob("coco_*.yaml"))
SIDE, END = 64, 7
SPEC = task(SIDE, symbols=END + 1, steps=5, end=END, channels=3)
SMALL = (
    "encoder.body.architecture=squeezenet1_1", "encoder.body.layer=features.12", "encoder.body.weights=none",
    "decoder.hidden_size=16", "decoder.symbol_size=8", "trainer.accelerator=cpu",
)  # fmt: skip
AFTER = {"coco_sat_soft_scst": "coco_sat_soft"}
"""Whose weights a protocol goes on from."""


def references(split):
    return [["b c d", "b c"], ["e f"]]


def test_adaptive_attention_is_trained_as_its_file_says():
    config = configurations().job(["experiment=coco_adaptive"])
    assert (config.encoder.tuning.epoch, config.trainer.max_epochs, config.data.batch_size) == (21, 40, 100)
    assert config.encoder.tuning.rate * config.optimizer.make.lr == pytest.approx(1e-5)


def small(name, *overrides):
    torch.manual_seed(0)
    return build_module(configurations().job([f"experiment={name}", *SMALL, *overrides]), SPEC, references)


@pytest.mark.skipif(not installed(), reason="torchvision is an extra")
@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_protocol_takes_a_step_and_says_something(name, tmp_path):
    given = []
    if name in AFTER:
        torch.save({"state_dict": small(AFTER[name]).state_dict()}, tmp_path / "best.ckpt")
        given = [f"start.checkpoint={tmp_path / 'best.ckpt'}"]
    module = small(name, *given).train()
    target = torch.tensor([[1, 2, 3, END], [4, 5, END, IGNORED]])
    batch = Batch(torch.randn(2, 3, SIDE, SIDE), target, no_boxes(2), torch.arange(2))
    loss = module.train_step(module.rnn, module.objective, batch)["loss"]
    loss.backward()
    assert loss.isfinite() and all(norm.isfinite() for norm in module.optimisation.clip(module.core, module.policy))
    with torch.no_grad():
        said = module.rnn.eval()(batch.image, batch.boxes, None, 1, mode).symbol
    assert said.shape == (2, 1, 5) and ((said == IGNORED) | (said >= 0)).all()
