"""Reading run folders: finished, failed, running, interrupted, waiting and damaged ones."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fabricated_runs import curve, finished, record, run_folder, unfinished

from benchmark.report.analysis.curves import read_curves
from benchmark.report.analysis.grouping import group_tasks
from benchmark.report.read.folders import Unfinished
from benchmark.report.read.runs import read_study
from benchmark.report.sections.facts import warnings
from benchmark.results.run_folder import RunFolder

WRONG = {"mean": np.array([True, False, False, False])}
OVERLAP = np.zeros(4)


def only_unfinished(study: Path) -> Unfinished:
    found = read_study(study)
    assert not found.finished
    return found.unfinished[0]


def test_a_finished_run(tmp_path: Path) -> None:
    finished(
        tmp_path,
        record("dram", "digit_pairs", 3, WRONG, setting="0a1b2c3d", differs={"data.canvas": 60}),
        WRONG,
        OVERLAP,
    )
    run = read_study(tmp_path).finished[0]
    assert (run.address.attention, run.address.data, run.address.seed) == ("dram", "digit_pairs", 3)
    assert (run.address.setting, run.score("mean"), run.score("sample")) == ("0a1b2c3d", 0.25, None)


@pytest.mark.parametrize(("compilation", "warned"), [("none", False), ("inductor", True)])
def test_speeds_of_compiled_runs_are_not_compared_with_others(tmp_path: Path, compilation: str, warned: bool) -> None:
    plain = record("dram", "digit_pairs", 0, WRONG)  # of a run before there was a choice
    other = record("ram", "digit_pairs", 0, WRONG, hardware=plain["hardware"] | {"compilation": compilation})
    for made in (plain, other):
        finished(tmp_path, made, WRONG, OVERLAP)
    told = " ".join(warnings(read_study(tmp_path), []))
    assert ("Runs were made on different hardware" in told) == warned


def test_a_failed_run_shows_its_message(tmp_path: Path) -> None:
    unfinished(tmp_path, "ram", "digit_pairs", 0, state="failed", message="the loss is NaN\nat step 7", epoch=2)
    run = only_unfinished(tmp_path)
    assert (run.state, run.message, run.epoch) == ("failed", "the loss is NaN at step 7", "2 of 20")


def test_a_traceback_in_the_log_is_a_failure(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, "ram", "digit_pairs", 0)
    (folder / "run.log").write_text(
        'Traceback (most recent call last):\n  File "a.py"\nValueError: old\n...\n'
        'Traceback (most recent call last):\n  File "b.py"\ntorch.Fault: new one\n'
    )
    run = only_unfinished(tmp_path)
    assert (run.state, run.message) == ("failed", "torch.Fault: new one")


def test_a_running_run_with_an_old_traceback_is_running(tmp_path: Path) -> None:
    folder = unfinished(
        tmp_path, "ram", "digit_pairs", 0, state="running", pid=os.getpid(), host=socket.gethostname(), epoch=4
    )
    (folder / "run.log").write_text("Traceback (most recent call last):\nKeyboardInterrupt\n")
    with RunFolder(folder).locked():
        run = only_unfinished(tmp_path)
    assert (run.state, run.epoch) == ("running", "4 of 20")


def test_a_run_whose_lock_is_free_is_interrupted_though_another_has_its_number(tmp_path: Path) -> None:
    unfinished(tmp_path, "ram", "digit_pairs", 0, state="running", pid=os.getpid(), host=socket.gethostname())
    assert only_unfinished(tmp_path).state == "interrupted"


@pytest.mark.parametrize(
    ("status", "message"),
    [({"state": "interrupted", "message": "stopped by SIGINT"}, "stopped by SIGINT"),
     ({"state": "running", "pid": 2**22 + 1, "host": socket.gethostname()}, "its process is gone; start the sweep")],
)  # fmt: skip
def test_a_failure_before_it_was_started_again_is_no_failure_now(
    tmp_path: Path, status: dict[str, Any], message: str
) -> None:
    folder = unfinished(tmp_path, "ram", "digit_pairs", 0, **status)
    (folder / "run.log").write_text(
        "Traceback (most recent call last):\nValueError: old\n2026-01-01 10:00:00,000 INFO    benchmark: resumes\n"
    )
    run = only_unfinished(tmp_path)
    assert run.state == "interrupted" and run.message.startswith(message)


def test_a_run_whose_process_is_gone_is_interrupted(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    unfinished(tmp_path, "ram", "digit_pairs", 0, state="running", pid=gone.pid, host=socket.gethostname())
    assert only_unfinished(tmp_path).state == "interrupted"


def test_another_machines_run_is_believed(tmp_path: Path) -> None:
    unfinished(tmp_path, "ram", "digit_pairs", 0, state="running", pid=1, host="elsewhere.invalid")
    assert only_unfinished(tmp_path).state == "running"


def test_an_empty_folder_is_waiting(tmp_path: Path) -> None:
    run_folder(tmp_path, "ram", "digit_pairs", 0)
    assert only_unfinished(tmp_path).state == "waiting"


@pytest.mark.parametrize(
    ("status", "state"), [('{"sta', "waiting"), ("[]", "waiting"), ('{"state": "finished"}', "damaged")]
)
def test_an_odd_status_stops_nothing(tmp_path: Path, status: str, state: str) -> None:
    (run_folder(tmp_path, "ram", "digit_pairs", 0) / "status.json").write_text(status)
    run = only_unfinished(tmp_path)
    assert run.state == state and run.message


@pytest.mark.parametrize(
    ("change", "said"),
    [({"format": 1}, "older version"), ({"format": 3}, "format 3"),
     ({"cost": None}, "cost"), ({"fingerprints": {}}, "fingerprint"),
     ({"test": {"images": 0}}, "number of test images"),
     ({"test": {"images": 4, "mean": {"error": 25}}}, "not a fraction"),
     ({"seed": "x", "git": 3}, "seed, git")],
)  # fmt: skip
def test_a_damaged_record_is_named(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    folder = run_folder(tmp_path, "ram", "digit_pairs", 0)
    (folder / "record.json").write_text(json.dumps(record("ram", "digit_pairs", 0, WRONG) | change))
    run = only_unfinished(tmp_path)
    assert run.state == "damaged" and said in run.message


@pytest.mark.parametrize("text", ["", '{"format": 1', "[1]", "\x00"])
def test_an_unreadable_record_is_named(tmp_path: Path, text: str) -> None:
    (run_folder(tmp_path, "ram", "digit_pairs", 0) / "record.json").write_text(text)
    assert only_unfinished(tmp_path).state == "damaged"


def test_other_folders_are_passed_over(tmp_path: Path) -> None:
    for name in ("report/x/seed=0.old", "ram/digit_pairs/notes", "multirun.yaml"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "ram/digit_pairs/seed=1").write_text("a file")
    assert read_study(tmp_path) == type(read_study(tmp_path))(tmp_path, [], [])


def test_curves_by_epoch_pass_over_a_line_cut_short(tmp_path: Path) -> None:
    curve(tmp_path, 3, 0.1)
    with (tmp_path / "metrics.jsonl").open("a") as lines:
        lines.write('\n{"step": 40, "epoch": 2, "train/loss": NaN}\n{"step": 41, "epoch": 2, "train/loss": 4.2}\n7\n')
    found = read_curves(tmp_path, ["val/error", "train/loss"])
    assert found["val/error"][1.0] == pytest.approx(0.9)
    assert found["val/error"][3.0] == pytest.approx(0.1 + 0.8 * np.exp(-4))
    last = 2 * (0.1 + 0.8 * np.exp(-4))
    assert found["train/loss"][3.0] == pytest.approx((last + 4.2) / 2)


def test_runs_on_other_files_of_one_data_set_are_told(tmp_path: Path) -> None:
    def told(**of_second: Any) -> str:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        prints = {"train": "c" * 64, "validation": "b" * 64, "test": "a" * 64}
        finished(folder, record("dram", "mnist_pairs", 0, WRONG, fingerprints=prints), WRONG, OVERLAP)
        second = record("none", "mnist_pairs", 0, WRONG, fingerprints=prints)
        finished(folder, second | of_second, WRONG, OVERLAP)
        study = read_study(folder)
        return " ".join(warnings(study, group_tasks(study.finished)))

    other = {"train": "d" * 64, "validation": "b" * 64, "test": "a" * 64}
    assert "images differ" not in told()
    assert "On mnist_pairs the training images differ between runs of one seed" in told(fingerprints=other)
    assert "images differ" not in told(fingerprints=other, seed=1)
    assert "images differ" not in told(fingerprints=other, differs={"data.canvas": 60})
    assert "the validation images differ" in told(fingerprints={**other, "validation": "e" * 64}, seed=1)


def test_runs_of_one_setting_that_a_new_default_made_different_are_told(tmp_path: Path) -> None:
    for seed, objective in enumerate(["reinforce", "reinforce", "vimco"]):
        finished(tmp_path, record("dram", "digit_pairs", seed, WRONG, objective=objective), WRONG, OVERLAP)
    study = read_study(tmp_path)
    told = " ".join(warnings(study, group_tasks(study.finished)))
    assert "The runs of dram differ in their objective, though they are of one setting" in told
    del study.finished[2]
    assert "of one setting" not in " ".join(warnings(study, group_tasks(study.finished)))
