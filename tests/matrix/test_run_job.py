"""One run in this process: what it leaves, what it does when it is started again, and what stops it."""

import errno
import json
import os
import shutil
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from run_helpers import TINY, composer, lines

from benchmark.common.errors import ConfigFault, RunFault
from benchmark.common.listing import sha256_of
from benchmark.job import run_one
from benchmark.results.run_folder import RunFolder, read_json
from benchmark.training.callbacks.builtin import Checkpoints, Clock
from benchmark.training.callbacks.heartbeat import Heartbeat
from benchmark.training.checkpoints import read_checkpoint
from benchmark.training.logger.base import JsonLines, rewind
from datamodules.contract import DataFault

COMPOSER = composer()


def prepared(runs, *overrides):
    config = COMPOSER.job(["attention=dram", *TINY, f"runs={runs}", *overrides])
    address = COMPOSER.address(config)
    return config, address, RunFolder(address.folder)


def names_in(folder):
    return {path.name for path in folder.iterdir()}


def run(runs, *overrides):
    config, address, folder = prepared(runs, *overrides)
    run_one(config, address)
    return folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """An uninterrupted run of three epochs."""
    return run(tmp_path_factory.mktemp("runs"), "trainer.max_epochs=3", "baseline=moving_average")


def test_a_run_leaves_everything_under_its_address(finished):
    names = {"config.yaml", "metrics.jsonl", "run.log", "status.json", "record.json", "predictions.npz", "symbols.json"}
    assert names <= names_in(finished.path)
    assert names_in(finished.pictures) == {"panel.png", "confusion.png", "confused.png"}
    assert names_in(finished.best.parent) == {"best.ckpt", "last.ckpt"}
    assert read_json(finished.status)["state"] == "finished"


def test_the_record_says_what_where_and_at_what_cost(finished):
    record = read_json(finished.record)
    assert (record["format"], record["attention"], record["data"], record["seed"]) == (2, "dram", "digit_pairs", 0)
    assert (record["objective"], record["glimpses"], record["image_shape"][0]) == ("reinforce", 4, 1)
    assert record["windows"] == [12, 24]
    assert record["differs"]["trainer.max_epochs"] == 3 and record["setting"] in finished.path.name
    assert (record["experiment"], record["beyond"]) == ("", record["differs"])
    assert record["test"]["images"] == 20
    assert {"mean", "sample", "average", "random"} < set(record["test"])
    assert set(record["fingerprints"]) == {"train", "validation", "test"}
    cost = record["cost"]
    assert (cost["steps"], cost["epochs"]) == (6, 3)
    assert cost["train_seconds"] >= cost["seconds_to_best"] > 0
    assert cost["multiply_adds"] > 0 and list(cost["multiply_adds_by_side"]) == ["60"]
    assert cost["peak_memory_bytes"] > 1e7
    assert {"torch", "python"} < set(record["versions"]) and record["hardware"]["threads"] == 1


def test_the_recorded_error_is_that_of_the_best_checkpoint(finished):
    errors = [line["val/error"] for line in lines(finished.metrics) if "val/error" in line]
    record = read_json(finished.record)
    assert len(errors) == 3
    assert record["validation"]["error"] == min(errors)
    assert record["measure"]["key"] == "error" and not record["measure"]["higher_is_better"]
    assert record["cost"]["best_epoch"] == errors.index(min(errors)) + 1


def test_metrics_go_by_step(finished):
    for key in ("train/loss", "val/error"):
        steps = [line["step"] for line in lines(finished.metrics) if key in line]
        assert steps == sorted(set(steps)) and len(steps) == (6 if key == "train/loss" else 3)


def test_predictions_are_those_the_record_counts(finished):
    with np.load(finished.predictions) as arrays:
        wrong = arrays["value_mean"].mean()
        assert len(arrays["index"]) == 20
    assert read_json(finished.record)["test"]["mean"]["error"] == pytest.approx(wrong)


def test_the_revision_is_that_of_the_start(tmp_path, monkeypatch):
    """Another commit that is checked out while a run trains is not the code that it ran."""
    states = iter([{"revision": "first", "dirty": False}, {"revision": "second", "dirty": True}])
    monkeypatch.setattr("benchmark.job.git_state", lambda folder: next(states))
    record = read_json(run(tmp_path, "trainer.max_epochs=1").record)
    assert record["git"] == {"revision": "first", "dirty": False}


def test_a_second_call_touches_nothing(finished):
    before = {
        path: path.stat().st_mtime_ns for path in finished.path.rglob("*") if path.name not in (".lock", "run.log")
    }
    run(finished.path.parents[3], "trainer.max_epochs=3", "baseline=moving_average")
    after = {
        path: path.stat().st_mtime_ns for path in finished.path.rglob("*") if path.name not in (".lock", "run.log")
    }
    assert after == before


class Pulled(Exception):  # noqa: N818  # an event, not an error
    """The plug, in place of a kill."""


MOMENTS = [(Heartbeat, "on_train_epoch_end", 2), (Checkpoints, "on_train_epoch_end", 2), (Clock, "on_train_end", 1)]
"""Before the second epoch's checkpoint, right after it, and after training."""


@contextmanager
def plug_pulled(monkeypatch, moment):
    """What is run in it ends right after a hook was called `when` times."""
    kind, hook, when = moment
    original, calls = getattr(kind, hook), []

    def pulled(self, *arguments):
        original(self, *arguments)
        calls.append(1)
        if len(calls) == when:
            raise Pulled

    with monkeypatch.context() as patch:
        patch.setattr(kind, hook, pulled)
        with pytest.raises(Pulled):
            yield


def interrupted(runs, monkeypatch, moment, *overrides):
    """A run whose plug is pulled at a moment, and that is started again."""
    with plug_pulled(monkeypatch, moment):
        run(runs, *overrides)
    return run(runs, *overrides)


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_interrupted_run_comes_to_the_same_bits(finished, tmp_path, monkeypatch, moment):
    """Weights, moments, metrics and predictions."""
    with plug_pulled(monkeypatch, moment):
        run(tmp_path, "trainer.max_epochs=3", "baseline=moving_average")
    _, _, folder = prepared(tmp_path, "trainer.max_epochs=3", "baseline=moving_average")
    before = read_json(folder.status)
    assert before["state"] == "failed" and not folder.record.exists()
    assert run(tmp_path, "trainer.max_epochs=3", "baseline=moving_average").path == folder.path
    assert read_json(folder.record)["started"] == before["started"]
    assert_same(folder, finished)


SEQUENCES = [
    "data=svhn_sample", "data.sample.train=24", "data.sample.test=8", "data.validation_images=6", "data.test_images=8",
    "data.images_per_epoch=8", "feeding=scheduled_sampling", "feeding.own.start=0.5", "trainer.max_epochs=3",
]  # fmt: skip


def test_an_interrupted_run_that_is_told_its_own_symbols_comes_to_the_same_bits(tmp_path, monkeypatch):
    """The coins of scheduled sampling and the windows at random go on where they would have."""
    overrides = [*SEQUENCES, f"data.root={tmp_path / 'sample'}"]
    straight = run(tmp_path / "straight", *overrides)
    assert_same(interrupted(tmp_path / "broken", monkeypatch, MOMENTS[0], *overrides), straight)


def test_a_run_that_begins_anew_names_the_weights_that_it_starts_from_now(finished, tmp_path, monkeypatch):
    """Its record had named the file that was there when it was begun first."""
    path = tmp_path / "start.ckpt"
    shutil.copy(finished.best, path)
    start = ["start=checkpoint", f"start.checkpoint={path}"]
    with plug_pulled(monkeypatch, MOMENTS[1]):
        run(tmp_path / "broken", *start)
    content = read_checkpoint(path)
    torch.save({"state_dict": {name: value / 2 for name, value in content["state_dict"].items()}}, path)
    prepared(tmp_path / "broken", *start)[2].best.unlink()
    again, straight = run(tmp_path / "broken", *start), run(tmp_path / "straight", *start)
    assert_same(again, straight)
    (weights,) = read_json(again.record)["weights"]
    assert weights["sha256"] == sha256_of(path) and [weights] == read_json(straight.record)["weights"]


def assert_same(one, other):
    for mine, theirs in ((one.last, other.last), (one.best, other.best)):
        a, b = read_checkpoint(mine), read_checkpoint(theirs)
        torch.testing.assert_close(a["state_dict"], b["state_dict"], rtol=0, atol=0)
        torch.testing.assert_close(a["optimizer_states"], b["optimizer_states"], rtol=0, atol=0)
    assert lines(one.metrics) == lines(other.metrics)
    with np.load(one.predictions) as a, np.load(other.predictions) as b:
        assert all((a[key] == b[key]).all() for key in {*a, *b})
    a, b = read_json(one.record), read_json(other.record)
    assert {key: a[key] for key in ("test", "validation", "localisation", "config_hash", "fingerprints")} == {
        key: b[key] for key in ("test", "validation", "localisation", "config_hash", "fingerprints")}  # fmt: skip


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_last_good_checkpoint(tmp_path, monkeypatch):
    config, address, folder = prepared(tmp_path, "trainer.max_epochs=3", "log_every=100")
    original, good = Clock.on_train_epoch_start, []

    def poison(self, trainer, module):
        original(self, trainer, module)
        if trainer.current_epoch == 1:
            good.append(folder.last.read_bytes())
            next(module.parameters()).data.fill_(float("nan"))

    monkeypatch.setattr(Clock, "on_train_epoch_start", poison)
    with pytest.raises(RunFault, match="step 2"):
        run_one(config, address)
    assert folder.last.read_bytes() == good[0]
    status = read_json(folder.status)
    assert status["state"] == "failed" and "not a finite number" in status["message"]
    assert "Traceback" in folder.log.read_text()
    assert not folder.record.exists()


def test_weights_that_are_not_finite_are_never_written(tmp_path, monkeypatch):
    config, address, folder = prepared(tmp_path)
    original = Heartbeat.on_train_epoch_end

    def poison(self, trainer, module):
        original(self, trainer, module)
        next(module.parameters()).data.fill_(float("inf"))

    monkeypatch.setattr(Heartbeat, "on_train_epoch_end", poison)
    with pytest.raises(RunFault, match="weights are not finite after epoch 1"):
        run_one(config, address)
    assert not folder.last.exists() and not folder.best.exists()


@pytest.mark.parametrize("spoil", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"x" * 100])
def test_a_damaged_checkpoint_is_named(tmp_path, spoil, finished):
    config, address, folder = prepared(tmp_path)
    folder.make()
    folder.last.write_bytes(spoil(finished.last.read_bytes()))
    folder.status.write_text(json.dumps({"config_hash": address.config_hash}))
    with pytest.raises(RunFault, match=r"last\.ckpt is damaged or cut off .* delete it to start this run anew"):
        run_one(config, address)


@pytest.mark.parametrize("name", ["last", "best"])
def test_a_checkpoint_of_another_run_is_not_taken_for_its_own(tmp_path, monkeypatch, name):
    """Its weights fit, so that the numbers would be those of neither run."""
    for seed in (0, 1):
        with plug_pulled(monkeypatch, MOMENTS[2]):
            run(tmp_path, f"seed={seed}")
    (_, _, mine), (_, _, other) = prepared(tmp_path), prepared(tmp_path, "seed=1")
    own, told = getattr(mine, name).read_bytes(), rf"{name}\.ckpt is a checkpoint of another run \(configuration"
    getattr(mine, name).write_bytes(getattr(other, name).read_bytes())
    with pytest.raises(
        RunFault, match=rf"{told} \w{{8}}, here it is \w{{8}}\)\. Put back this run's own, or delete it"
    ):
        run(tmp_path)
    getattr(mine, name).write_bytes(own)
    assert run(tmp_path).record.exists()


def test_a_run_goes_on_where_nobody_reads_its_output(tmp_path, monkeypatch):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as out:
        monkeypatch.setattr("sys.stdout", out)
        folder = run(tmp_path, "progress=true")
    log = folder.log.read_text()
    assert folder.record.exists() and "the output cannot be written: Broken pipe; goes on without it" in log
    assert log.index("epoch 1 of 2") < log.index("Broken pipe") < log.index("epoch 2 of 2") < log.index("test error")


@pytest.mark.parametrize(("file", "left"), [
    ("checkpoints/last.ckpt", {"checkpoints": {"best.ckpt"}}),
    ("pictures/panel.png", {"checkpoints": {"best.ckpt", "last.ckpt"}, "pictures": set()}),
])  # fmt: skip
def test_a_full_disk_ends_a_run_in_words(tmp_path, monkeypatch, file, left):
    config, address, folder = prepared(tmp_path)
    real, name = os.fsync, file.rpartition("/")[2]

    def full(handle):
        if os.path.realpath(f"/proc/self/fd/{handle}").endswith(f"{name}.part"):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(RunFault, match=rf"{file}: the disk is full\. .* Free some space and start it again"):
            run_one(config, address)
    assert {place: names_in(folder.path / place) for place in left} == left
    assert f"{file}: the disk is full" in read_json(folder.status)["message"]


def test_what_the_data_lack_is_told_as_they_tell_it(tmp_path, monkeypatch):
    config, address, folder = prepared(tmp_path)
    monkeypatch.setattr("benchmark.job.build", lambda _: (_ for _ in ()).throw(DataFault("no such file: put it there")))
    with pytest.raises(RunFault, match=r"^no such file: put it there$"):
        run_one(config, address)
    assert read_json(folder.status)["message"] == "no such file: put it there"


def test_a_fault_of_a_part_is_told_as_the_part_tells_it(tmp_path):
    """The constructor's own words, without Hydra's about them."""
    config, address, folder = prepared(tmp_path, "data.canvas=4")
    with pytest.raises((ConfigFault, RunFault)) as caught:
        run_one(config, address)
    assert "Error in call" not in str(caught.value)
    assert read_json(folder.status)["state"] == "failed"


def test_lines_of_metrics_are_plain_json_and_rewound_by_epoch(tmp_path, caplog):
    path = tmp_path / "metrics.jsonl"
    logger = JsonLines(path, lambda: 7)
    logger.log_metrics({"a": float("nan"), "epoch": 0}, 1)
    logger.log_metrics({"a": 0.5, "epoch": 1}, 2)
    assert lines(path) == [
        {"step": 1, "epoch": 0, "images": 7, "a": None},
        {"step": 2, "epoch": 1, "images": 7, "a": 0.5},
    ]
    with path.open("a") as file:
        file.write('{"step": 3, "ep')
    rewind(path, 1)
    assert [line["step"] for line in lines(path)] == [1, 2]
    spoilt = b'\xff\xfe\n{"step": 4, "epoch": Infinity}\n{"epoch": 1}\n[1]\n'
    path.write_bytes(path.read_bytes() + spoilt)
    with caplog.at_level("WARNING"):
        rewind(path, 1)
    assert [line["step"] for line in lines(path)] == [1, 2] and "4 damaged lines were left out" in caplog.text
    rewind(path, 0)
    assert [line["step"] for line in lines(path)] == [1]
