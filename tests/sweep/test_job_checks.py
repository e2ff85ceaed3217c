"""Jobs are checked in a process that has PyTorch: this one, or another beside it."""

import subprocess
import sys

import pytest
from run_helpers import composer

from benchmark.sweep.job_checks import InAnother, InThisProcess, ToCheck, job_checks

COMPOSER = composer()
POOL = {"_target_": "benchmark.sweep.launcher.PoolLauncher", "jobs": 0, "threads": 1, "gpus": None}


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checked")
    texts = {"good": "seed=3", "large": "look.size=50", "unknown": "trainer.max_epochs=word"}
    jobs = {folder / name: COMPOSER.job(["attention=ram", "data=digit_pairs", text]) for name, text in texts.items()}
    return ToCheck(jobs, {}, POOL)


@pytest.fixture
def checks():
    made = InAnother()
    yield made
    made.end()


def test_another_process_says_the_same_of_the_same_jobs(given, checks):
    steps, other = [], []
    faults = InThisProcess().faults(given, lambda: steps.append(1))
    checks.prepare()
    checks.prepare()  # as for each job that has to be checked
    process, _ = checks._started
    assert checks.faults(given, lambda: other.append(1)) == faults
    assert checks.faults(given, lambda: None) == faults and checks._started[0] is process  # as for a next sweep
    good, large, unknown = faults.jobs.values()
    assert good == [] and large[0].startswith("look.size: ") and unknown[0].startswith("trainer.max_epochs: ")
    assert faults.launcher[0].startswith("hydra.launcher.jobs: ")
    assert len(steps) == len(other) == len(given.jobs)


def test_a_process_that_is_killed_leaves_the_check_to_this_one(given, checks):
    checks.prepare()
    process, _ = checks._started
    process.kill()
    faults = checks.faults(given, lambda: None)
    assert [len(told) for told in faults.jobs.values()] == [0, 1, 1]
    assert not process.is_alive() and checks._started is None


def test_nothing_is_started_where_pytorch_is_imported_or_nothing_is_to_check(checks):
    assert isinstance(job_checks(), InThisProcess)
    assert checks._started is None


QUICK = """
import gc, sys
from benchmark.sweep.job_checks import import_lightning
assert "torch" not in sys.modules
import_lightning()
assert {"torch", "torchmetrics", "pytorch_lightning"} <= sys.modules.keys() and "scipy.signal" not in sys.modules
assert gc.isenabled() and gc.get_freeze_count() > 100_000
import scipy.signal
assert callable(scipy.signal.windows.hamming) and callable(scipy.signal.convolve)
"""


def test_lightning_is_imported_without_what_takes_long_and_that_can_be_imported_after_it():
    done = subprocess.run([sys.executable, "-c", QUICK], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
