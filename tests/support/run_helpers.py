"""What the tests of the command line share: configurations small enough to train in a second."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmark.config.compose import Composer, register_plugins

ROOT = Path(__file__).resolve().parent.parent.parent

TINY = [
    "data=digit_pairs", "data.batch_size=4", "data.validation_images=20", "data.test_images=20",
    "data.evaluation_batch_size=10", "trainer.max_epochs=2", "trainer.limit_train_batches=2", "log_every=1",
    "trainer.accelerator=cpu", "decoder.hidden_size=8", "evaluation.samples=2", "evaluation.repeats=1",
    "evaluation.sides=[60]", "progress=false",
]  # fmt: skip


def composer() -> Composer:
    register_plugins()
    return Composer()


def environment(**more: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("WANDB", "PYTEST", "SLURM"))}
    return kept | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""} | more


def start(*arguments: str, cwd: Path, **more: str) -> "subprocess.Popen[str]":
    arguments = (sys.executable, "-m", "benchmark.run", *arguments)
    pipe = subprocess.PIPE
    return subprocess.Popen(arguments, cwd=cwd, env=environment(**more), text=True, stdout=pipe, stderr=pipe)


def call(*arguments: str, cwd: Path, **more: str) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    process = start(*arguments, cwd=cwd, **more)
    out, err = process.communicate(timeout=240)
    return process.returncode, out, err


def wait_until(true: Callable[[], bool], seconds: float = 120.0) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a file, to which another process may be writing."""
    written = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in written[: written.rfind("\n") + 1].splitlines()]
