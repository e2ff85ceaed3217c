"""The measuring scripts run, print a table and write their rows. What they measure is never judged here."""

import importlib
import importlib.util
import json
import logging
import subprocess
import sys
import warnings

import pytest
from run_helpers import ROOT, environment

sys.path.insert(0, str(ROOT / "scripts"))
import measuring
import torch

TINY = ["data.batch_size=2", "data.canvas=32", "look.hidden=8"]


def script(name, *arguments, cwd, **more):
    command = [sys.executable, str(ROOT / "scripts" / f"{name}.py"), *arguments]
    return subprocess.run(command, cwd=cwd, env=environment(**more), capture_output=True, text=True, timeout=200)


def refused(monkeypatch, capsys, name, *arguments):
    """Exit code and standard error of a script that is run in this process, since it ends before it begins."""
    monkeypatch.setattr(sys, "argv", [name, *arguments])
    lightning = logging.getLogger("pytorch_lightning")
    level = lightning.level
    try:
        code = importlib.import_module(name).main()
    except SystemExit as end:
        code = end.code
    finally:
        lightning.setLevel(level)
    return code, capsys.readouterr().err


def rows(done, path):
    assert done.returncode == 0, done.stderr
    told = json.loads(path.read_text())
    assert told["machine"]["threads"] == 1
    assert all(str(next(iter(row.values()))) in done.stdout for row in told["rows"])
    return told["rows"]


def test_medians_are_of_actions_taken_in_turns():
    turns = []
    taken = measuring.seconds({"a": lambda: turns.append("a"), "b": lambda: turns.append("b")}, 3, torch.device("cpu"))
    assert turns == ["a", "b"] * 5 and set(taken) == {"a", "b"}
    assert 0 <= taken["a"] < 0.1


def test_speed_is_told_for_each_mechanism(tmp_path):
    arguments = ["--attention", "dram,item_soft", "--rounds", "2", "--json", "found.json", *TINY]
    found = rows(script("measure_speed", *arguments, cwd=tmp_path), tmp_path / "found.json")
    assert [row["attention"] for row in found] == ["dram", "item_soft"]
    assert all(row["train, images/s"] > 0 and row["batch, %"] > 0 for row in found)
    assert found[0]["glimpses, %"] > 0


def test_shares_of_a_step_add_up(tmp_path, monkeypatch, capsys):
    path = tmp_path / "found.json"
    arguments = ["--attention", "ram", "--rounds", "1", "--json", str(path), *TINY]
    with warnings.catch_warnings():
        assert refused(monkeypatch, capsys, "measure_products", *arguments)[0] == 0
    (row,) = json.loads(path.read_text())["rows"]
    assert row["products, %"] > 0 and row["other kernels, %"] > 0 and row["operators"] > 100
    assert row["products, %"] + row["other kernels, %"] + row["host, %"] == pytest.approx(100)


@pytest.mark.slow
def test_compiled_steps_are_measured(tmp_path):
    arguments = ["--attention", "none", "--rounds", "1", "--json", "found.json", *TINY]
    (row,) = rows(script("measure_compiled", *arguments, cwd=tmp_path), tmp_path / "found.json")
    assert row["ratio"] == pytest.approx(row["compiled, ms"] / row["plain, ms"])
    assert row["first, s"] > row["again, s"] > 0


def test_seeds_are_stacked(tmp_path, monkeypatch, capsys):
    path = tmp_path / "found.json"
    arguments = ["--attention", "ram", "--rounds", "1", "--seeds", "2", "--json", str(path), *TINY]
    with warnings.catch_warnings():
        assert refused(monkeypatch, capsys, "measure_stacked", *arguments)[0] == 0
    (row,) = json.loads(path.read_text())["rows"]
    assert row["ratio"] == pytest.approx(row["stacked, ms"] / row["alone, ms"] / 2)


@pytest.mark.slow
def test_memory_is_counted_by_glimpses_and_canvas(tmp_path):
    arguments = ["--attention", "dram_nocontext", "--sides", "32", "64", "--glimpses", "8", "12", "16", "--batch", "4"]
    found = rows(script("measure_memory", *arguments, "--json", "f.json", cwd=tmp_path), tmp_path / "f.json")
    small, large = found
    assert small["one more, MB"] == pytest.approx(large["one more, MB"], rel=0.1)  # counted, not timed
    steps = [small[f"{glimpses} glimpses, MB"] for glimpses in (8, 12, 16)]
    assert steps[2] - steps[1] == pytest.approx(steps[1] - steps[0], rel=0.1)


def test_scoring_captions_is_timed_beside_the_reference_where_that_is_installed(tmp_path):
    arguments = ["--images", "20", "--training", "30", "--rounds", "1", "--json", "found.json"]
    found = rows(script("measure_captions", *arguments, cwd=tmp_path), tmp_path / "found.json")
    assert [row["what"] for row in found][:4] == ["BLEU-1 to 4", "ROUGE-L", "CIDEr-D", "all six"]
    assert all(row["ours, s"] > 0 for row in found)
    assert (found[3]["ratio"] != "") == bool(importlib.util.find_spec("pycocoevalcap"))


PEER = """
import torch
from tqdm import tqdm
from tensorboard_logger import configure, log_value

class Trainer:
    def __init__(self, config, loaders):
        self.loaders, self.model = loaders, torch.nn.Linear(config.patch_size, config.hidden_size)
        self.seen = len(loaders[0].sampler.indices)
    def train_one_epoch(self, epoch):
        with tqdm(total=self.seen) as bar:
            for image, label in self.loaders[0]:
                assert image.shape[0] == len(label) == 128
                bar.update(len(label))
    def validate(self, epoch):
        for image, label in self.loaders[1]:
            pass
"""


@pytest.mark.slow
def test_the_peer_is_taken_from_the_users_clone(tmp_path):
    (tmp_path / "clone").mkdir()
    (tmp_path / "clone/trainer.py").write_text(PEER)
    arguments = ["--peer", "clone", "--rounds", "1", "--json", "found.json"]
    found = rows(script("measure_peer", *arguments, cwd=tmp_path), tmp_path / "found.json")
    assert len(found) == 3 and all(row["ratio"] > 0 for row in found)


@pytest.mark.parametrize("arguments, told", [
    (["measure_peer", "--peer", "nowhere"], "no trainer.py"),
    (["measure_speed", "--attention", "dram", "look.size=400"], "does not fit"),
])  # fmt: skip
def test_wrong_input_is_told_without_a_traceback(tmp_path, arguments, told):
    done = script(*arguments, cwd=tmp_path)
    assert done.returncode == 2 and told in done.stderr and "Traceback" not in done.stderr


EASY = ["data.canvas=32", "data.validation_images=8", "data.evaluation_batch_size=4", "look.hidden=32"]


def test_a_few_images_are_learned_by_heart(tmp_path):
    arguments = ["--images", "6", "--batch", "6", "--passes", "120", "attention=cnn_weak", *EASY]
    done = script("check_overfitting", *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "cnn_weak on digit_pairs: 0.0% of 6 images and 0.0% of their symbols wrong after" in done.stdout


@pytest.mark.slow
def test_too_few_passes_are_no_success(tmp_path):
    done = script("check_overfitting", "--images", "8", "--passes", "5", "attention=dram", *EASY, cwd=tmp_path)
    assert done.returncode == 1 and "wrong after 5 passes (5 steps" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--images", "9", *EASY], "the validation split has 8 images, not 9"),
        (["--images", "0", *EASY], "--images has to be 1 or more"),
        (["attention=drum"], "drum"),
    ],
)
def test_what_cannot_be_learned_is_said(monkeypatch, capsys, arguments, told, tmp_path):
    monkeypatch.chdir(tmp_path)
    code, err = refused(monkeypatch, capsys, "check_overfitting", "attention=none", *arguments)
    assert code == 2 and told in err and "Traceback" not in err
