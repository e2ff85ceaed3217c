"""Runs that were stored under the names of an earlier time are found, skipped, resumed, captioned from and reported.

stored_runs/ holds them as they were written, and a user's yamls of that time. Where names change, moved.yaml alone
keeps this file passing.
"""

import shutil
from pathlib import Path

import pytest
from PIL import Image
from run_helpers import composer

from benchmark import stored
from benchmark.captioning import caption, parse_arguments
from benchmark.common.moved import Moved, moved, renamed
from benchmark.config.compose import Composer
from benchmark.report.__main__ import main as report
from benchmark.results.run_folder import RunFolder, read_json, write_json
from benchmark.run import one
from benchmark.sweep.base import plan

STORED = Path(__file__).parent / "stored_runs"
CAPTIONS = ["attention=tiny_soft", "data=tiny_captions"]
SETTING = [
    "attention=dram", "data=digit_pairs", "optimizer=sgd", "cell=gru", "data.batch_size=4", "data.validation_images=20",
    "data.test_images=20", "data.evaluation_batch_size=10", "trainer.max_epochs=2", "trainer.limit_train_batches=2",
    "log_every=1", "trainer.accelerator=cpu", "look.hidden=6", "encoder.body.layers=[[2,3,2],[2,3,2]]",
    "encoder.size=6", "context.encoder.sizes=[6]", "attention.mechanism.policy.hidden=[6]",
    "attention.mechanism.whatwhere._target_=benchmark.model.attention.whatwhere.Added",
    "+attention.mechanism.whatwhere.size=6", "+attention.mechanism.whatwhere.hidden=4", "evaluation.samples=2",
    "evaluation.repeats=1", "evaluation.sides=[60]", "progress=false",
]  # fmt: skip
"""The command line of the runs of DRAM, as it was typed then."""
POOL = {"_target_": "benchmark.sweep.launcher.PoolLauncher", "jobs": None, "threads": 1, "gpus": None}


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where the captions' data are not
    shutil.copytree(STORED / "stored", tmp_path / "runs" / "stored")
    return tmp_path / "runs"


@pytest.fixture(scope="module")
def choices() -> Composer:
    composer()
    return Composer(str(STORED / "conf"))


def job(choices, runs, texts, *more):
    typed = renamed([*texts, "study=stored", f"runs={runs}", *more])
    return choices.job(list(typed.values()))


def test_finished_runs_are_skipped(choices, runs, capsys):
    one(job(choices, runs, CAPTIONS), choices, "")
    one(job(choices, runs, SETTING), choices, "")
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"finished before, skipped: {runs}/stored/tiny_soft/tiny_captions/seed=0 (made on data")
    assert second == f"finished before, skipped: {runs}/stored/dram/digit_pairs/seed=0-a1ec58e0"


def test_a_sweep_knows_them_and_runs_what_is_another(choices, runs):
    usual = [*renamed(SETTING).values(), "study=stored", f"runs={runs}"]
    others = ["seed=2", "cell=lstm", "optimizer.make.lr=0.5"]
    found = plan(choices, [usual, *([*usual, other] for other in others)], POOL)
    assert len(found.finished) == 1 and found.unusable == []
    names = [address.name for address, _ in found.todo]
    assert names[0] == "dram/digit_pairs/seed=2-a1ec58e0"  # beside the other seeds
    assert len(set(names)) == 3 and not any(name.endswith("a1ec58e0") for name in names[1:])


def test_an_interrupted_run_is_resumed_where_it_lies(choices, runs):
    folder = RunFolder(runs / "stored/dram/digit_pairs/seed=1-a1ec58e0")
    assert folder.last.exists() and not folder.record.exists()
    for _ in range(2):  # and found again, now that its configuration is saved under the names of now
        one(job(choices, runs, SETTING, "seed=1"), choices, "")
    assert sorted(path.name for path in folder.path.parent.iterdir()) == ["seed=0-a1ec58e0", "seed=1-a1ec58e0"]
    record = read_json(folder.record)
    assert (
        record["setting"] == "a1ec58e0" and record["started"] == "2026-11-28T19:33:03+00:00"
    )  # as before it was stopped


def test_pictures_are_captioned_by_a_stored_run(choices, runs, tmp_path, capsys):
    Image.new("RGB", (40, 32), (200, 30, 30)).save(tmp_path / "red.png")
    run = runs / "stored/tiny_soft/tiny_captions/seed=0"
    caption(parse_arguments([f"run={run}", f"images={tmp_path / 'red.png'}", f"out={tmp_path / 'out'}"]), choices)
    assert capsys.readouterr().out.startswith(f"{tmp_path / 'red.png'}: ")
    assert (tmp_path / "out" / "index.html").exists()


def test_stored_runs_are_reported(runs, capsys):
    assert report([str(runs / "stored")]) == 0
    told = capsys.readouterr().out
    assert "tiny_soft" in told and "dram" in told


def test_a_run_with_other_names_is_known_by_the_table_alone(choices, runs, monkeypatch, capsys):
    """The stored runs as they would be, had they been made before the names of now."""
    table = Moved(
        {**moved().paths, "old.seeing": "benchmark.attention", "old.sgd.SGD": "torch.optim.SGD"},
        {**moved().knobs, "look.wide": "look.hidden", "reader": "decoder"},
        {**moved().choices, "attention=glance": "attention=dram", "cell=gated": "cell=gru"},
        {**moved().added, "evaluation.repeats": 1},
    )
    folder = RunFolder(runs / "stored/glance/digit_pairs/seed=0-a1ec58e0")
    shutil.move(runs / "stored/dram", runs / "stored/glance")
    text = folder.config.read_text()
    olds = {"benchmark.attention.": "old.seeing.", "torch.optim.SGD": "old.sgd.SGD", "\ndecoder:": "\nreader:",
            "\n  hidden: 6\n": "\n  wide: 6\n", "name: dram": "name: glance", "  repeats: 1\n": ""}  # fmt: skip
    for new, old in olds.items():
        assert new in text
        text = text.replace(new, old)
    folder.config.write_text(text)
    record = read_json(folder.record) | {"attention": "glance"}
    del record["sha256"]
    write_json(folder.record, record)
    monkeypatch.setattr(stored, "moved", lambda: table)
    one(job(choices, runs, SETTING), choices, "")
    assert capsys.readouterr().out == f"finished before, skipped: {folder.path}\n"
