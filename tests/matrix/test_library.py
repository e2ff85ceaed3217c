"""A run in a program of one's own: the same answers and glimpses as the network gives, and refusals in words."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from hostile_folders import SIDE, captioning_run, with_toy
from models import ATTENTION, SMALL, built, config, first_batch
from omegaconf import OmegaConf
from PIL import Image
from run_helpers import environment

import benchmark
from benchmark.common.errors import RunFault
from benchmark.evaluation.looking import joined, predict
from benchmark.model.attention.distribution import mode
from benchmark.model.decoding.rollout import averaged
from benchmark.results.run_folder import RunFolder
from benchmark.trained import unread
from datamodules.contract import IGNORED, DataFault


def finished(path, attention, data):
    """The folder of a run that learned nothing, and its parts."""
    parts = built(attention, data=data)
    folder = RunFolder(path)
    folder.make()
    folder.config.write_text(OmegaConf.to_yaml(config(f"attention={attention}", f"data={data}", *SMALL), resolve=True))
    folder.task.write_text(json.dumps(asdict(parts.spec)))
    weights = {f"rnn.{name}": value for name, value in parts.module.rnn.state_dict().items()}
    torch.save({"state_dict": weights, "symbols": list(parts.spec.symbols)}, folder.best)
    return parts


@pytest.mark.parametrize("attention", ["none", "dram", "item_soft"])
def test_any_mechanism_answers_and_shows_where_it_looked(attention, tmp_path):
    parts = finished(tmp_path / "run", attention, "digit_pairs_ordered")
    batch, rnn = first_batch(parts, "test"), parts.module.rnn.eval()
    run = benchmark.load(tmp_path / "run")
    found = run.look(batch.image)
    with torch.no_grad():
        rollout = rnn(batch.image, batch.boxes, None, 1, mode)
    assert torch.equal(found.symbol, rollout.symbol[:, 0])
    assert torch.equal(found.log_prob, averaged(rollout.logits))
    shape, side = rollout.where.shape[2:4], batch.image.shape[-2:]
    assert found.log_prob.exp().sum(-1) == pytest.approx(torch.ones(4, shape[0]), abs=1e-5)
    assert found.maps.shape == (4, *shape, *side) and found.maps.min() >= 0 and found.maps.max() <= 1 + 1e-6
    assert torch.equal(found.map_of(1, 1, shape[1] - 1), found.maps[1, 1, -1])
    assert found.fixations.shape == (4, *shape, 2)
    assert bool(found.fixations.isnan().all()) == (attention == "none")
    unit = (found.fixations + 1) / 2 * torch.tensor([side[1], side[0]])
    assert torch.allclose(unit, found.pixels, atol=1e-4, equal_nan=True)
    words = [
        [parts.spec.symbols[s] for s in row if s not in (IGNORED, parts.spec.end)] for row in found.symbol.tolist()
    ]
    assert found.answers == words
    assert not found.log_prob.requires_grad and not found.maps.requires_grad


@pytest.mark.parametrize("attention", ATTENTION)
def test_every_mechanism_predicts_pictures_without_boxes(attention, tmp_path):
    parts = built(attention, data="digit_pairs_ordered")
    path = tmp_path / "picture.png"
    Image.linear_gradient("L").resize((64, 40)).save(path)
    image = parts.datamodule.pictures([path])
    found = predict(parts.module.rnn, parts.spec, image, torch.zeros(1, 0, 4))
    assert len(found.answers) == 1 and all(answer in parts.spec.symbols for answer in found.answers[0])
    assert torch.allclose(found.log_prob.exp().sum(-1), torch.ones(1, found.symbol.shape[1]), atol=1e-5)
    steps = found.where.shape[1:3]
    assert found.maps.shape == (1, *steps, *parts.spec.image_shape[1:]) and found.maps.isfinite().all()
    assert found.fixations.shape == (1, *steps, 2)


def test_parts_of_a_look_and_looks_together(tmp_path):
    finished(tmp_path / "run", "item_soft", "digit_pairs_ordered")
    run = benchmark.load(tmp_path / "run")
    image = torch.rand(20, *run.spec.image_shape)  # more than one batch
    found = run.look(image)
    assert len(found.answers) == len(found.maps) == 20
    one = run.look(image[17:18])
    assert torch.equal(found.some(slice(17, 18)).symbol, one.symbol)
    assert torch.allclose(found.maps[17], one.maps[0], atol=1e-6)
    assert torch.equal(joined([one, one]).symbol, one.symbol.repeat(2, 1))


def test_paths_and_pictures_are_framed_as_the_run_s_own(tmp_path):
    with_toy(tmp_path / "choices")
    folder = captioning_run(tmp_path / "run")
    run = benchmark.load(folder.path, config_dir=str(tmp_path / "choices"))
    pixels = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    picture = Image.fromarray(pixels)
    picture.save(tmp_path / "a.png")
    from_path, from_picture = run.look([str(tmp_path / "a.png")]), run.look([picture])
    from_tensor = run.look(torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255)
    for found in (from_picture, from_tensor):
        assert torch.equal(found.symbol, from_path.symbol)
        assert torch.allclose(found.log_prob, from_path.log_prob, atol=1e-5)
    beam = benchmark.load(folder.path, ["decoding=beam", "decoding.width=2"], str(tmp_path / "choices"))
    assert type(beam.rnn.decoding).__name__ != type(run.rnn.decoding).__name__


def test_what_a_run_cannot_read_is_told_in_words(tmp_path):
    finished(tmp_path / "run", "none", "digit_pairs_ordered")
    run = benchmark.load(tmp_path / "run")
    side = run.spec.image_shape[1]
    for images, told in (
        (torch.rand(2, 1, side, side + 1), rf"this run reads \(B, 1, {side}, {side}\)"),
        (torch.full((1, 1, side, side), torch.nan), f"{side * side} pixels that are not finite"),
        (torch.rand(1, side, side), "batch, channels, rows, columns"),
        (torch.zeros(2, 1, side, side, dtype=torch.uint8), "have to be floats"),
        ([], "no images were given"),
    ):
        with pytest.raises(RunFault, match=told):
            run.look(images)
    with pytest.raises(DataFault, match=r"these pictures cannot be read:\n  a\.png is missing"):
        run.look(["a.png"])
    with pytest.raises(RunFault, match="has no method `pictures`"):
        unread(run.spec)([Path("a.png")])
    with pytest.raises(RunFault, match="no folder of a run"):
        benchmark.load(tmp_path / "nowhere")


def test_the_package_has_what_it_names_and_imports_nothing_before():
    with pytest.raises(AttributeError, match="no attribute 'laod'"):
        benchmark.laod  # noqa: B018
    code = "import sys, benchmark; assert 'torch' not in sys.modules and 'benchmark.library' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, env=environment(), timeout=60)
