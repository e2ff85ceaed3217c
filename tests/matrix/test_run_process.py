"""Runs and sweeps as processes: exit codes, signals, what a kill leaves, and what the next call makes of it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from run_helpers import ROOT, TINY, call, composer, environment, lines, start, wait_until

from benchmark.job import run_one
from benchmark.results.run_folder import RunFolder, read_json
from benchmark.sweep.base import command
from benchmark.sweep.launcher import visible_gpus
from benchmark.training.checkpoints import read_checkpoint

COMPOSER, SLOW = composer(), pytest.mark.slow
LONG = ["attention=none", *TINY, "trainer.max_epochs=40"]


def prepared(runs, *overrides):
    config = COMPOSER.job([*overrides, f"runs={runs}"])
    address = COMPOSER.address(config)
    return config, address, RunFolder(address.folder)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    config, address, folder = prepared(tmp_path_factory.mktemp("runs"), *LONG)
    run_one(config, address)
    return folder


@pytest.mark.parametrize(
    ("signum", "code", "state"),
    [
        (signal.SIGTERM, 143, "interrupted"),
        pytest.param(signal.SIGINT, 130, "interrupted", marks=SLOW),
        (signal.SIGKILL, -9, "running"),
    ],
)
def test_a_run_that_a_signal_ends_says_so_and_comes_to_the_same_bits(tmp_path, uninterrupted, signum, code, state):
    config, address, folder = prepared(tmp_path, *LONG)
    process = start(*LONG, f"runs={tmp_path}", cwd=tmp_path)
    wait_until(lambda: folder.last.exists() or process.poll() is not None)
    process.send_signal(signum)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert "Traceback" not in err
    assert read_json(folder.status)["state"] == state
    assert not folder.record.exists()
    run_one(config, address)
    for mine, theirs in ((folder.last, uninterrupted.last), (folder.best, uninterrupted.best)):
        a, b = read_checkpoint(mine), read_checkpoint(theirs)
        torch.testing.assert_close(a["state_dict"], b["state_dict"], rtol=0, atol=0)
    assert lines(folder.metrics) == lines(uninterrupted.metrics)
    assert read_json(folder.record)["test"] == read_json(uninterrupted.record)["test"]


@pytest.mark.parametrize(("signum", "code"), [pytest.param(signal.SIGINT, 130, marks=SLOW), (signal.SIGKILL, -9)])
def test_a_stopped_sweep_leaves_no_job_behind(tmp_path, signum, code):
    sweep = start("-m", *LONG, "trainer.max_epochs=100000", "seed=0,1", "hydra.launcher.jobs=1", cwd=tmp_path)
    (folder,) = [prepared(tmp_path / "runs", *LONG, "trainer.max_epochs=100000")[2]]
    wait_until(lambda: folder.last.exists() or sweep.poll() is not None)
    job = read_json(folder.status)["pid"]
    sweep.send_signal(signum)
    _, err = sweep.communicate(timeout=20)
    assert sweep.returncode == code, err
    wait_until(lambda: not alive(job), 20)
    assert read_json(folder.status)["state"] == "interrupted"


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    stat = Path(f"/proc/{pid}/stat")
    state = stat.read_text().rsplit(")", 1)[-1].split()[0] if stat.exists() else "unknown"
    return state != "Z"  # a zombie has ended, nobody has asked yet how


def test_faults_of_any_job_are_told_before_the_first_starts(tmp_path):
    code, out, err = call("-m", "attention=none,random", *TINY, "threads=1,0", cwd=tmp_path)
    assert code == 2 and "a whole number of at least 1" in err and "started" not in out
    assert not list((tmp_path / "runs").glob("*/*/*/*/run.log"))


def test_help_needs_no_torch_and_names_every_group(tmp_path):
    code = ("import sys, runpy; sys.argv = ['benchmark.run', '--help']\n"
            "try: runpy.run_module('benchmark.run', run_name='__main__')\n"
            "finally: print({'torch', 'pytorch_lightning', 'wandb'} & {*sys.modules})")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment(), capture_output=True, text=True)
    assert done.stdout.rstrip().endswith("set()"), done.stderr
    for folder in (ROOT / "conf").iterdir():
        if folder.is_dir() and folder.name not in ("hydra", "__pycache__"):
            assert f"\n  {folder.name} " in done.stdout, folder.name
    assert "item_soft, item_soft_even, location_soft" in done.stdout


def test_a_jobs_command_is_this_interpreter_and_not_the_folder_it_is_called_from():
    assert command() == [sys.executable, "-P", "-m", "benchmark.run"]


@pytest.mark.parametrize(("named", "found"), [("0,2", ["0", "2"]), ("", []), ("-1", []), ("GPU-ab", ["GPU-ab"])])
def test_gpus_are_those_this_process_may_use(monkeypatch, named, found):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    assert visible_gpus() == found
