"""Real tiny sweeps that are ended with kill -9 at moments drawn at random, and started again until they are done."""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from damage_workshop import digest

from benchmark.training.checkpoints import read_checkpoint

SWEEP = [
    "-m", "attention=none,item_hard", "seed=0,1", "study=kills", "data=digit_pairs", "data.batch_size=4",
    "data.validation_images=20", "data.test_images=20", "data.evaluation_batch_size=10", "trainer.max_epochs=3",
    "trainer.limit_train_batches=4", "log_every=1", "trainer.accelerator=cpu", "decoder.hidden_size=8",
    "evaluation.samples=2", "evaluation.repeats=1", "evaluation.sides=[60]", "progress=false", "logger=local",
    "hydra.launcher.jobs=1",
]  # fmt: skip
CLOCK = ("started", "finished", "git", "hardware", "sha256")
"""What a record tells of when and where, and nothing of the result; the sums are of files with times and paths."""
MEASURED = ("seconds", "per_second", "memory")
"""Costs with these words in their names are of one machine at one moment."""


def killed_sweeps(kills: int) -> list[str]:
    """What a reader wants to know, a line each: so many kills, and how the sweeps compare with an undisturbed one."""
    chance = random.Random(0)
    with tempfile.TemporaryDirectory() as scratch:
        calm = Path(scratch) / "calm"
        began = time.monotonic()
        _start(calm).wait()
        whole = time.monotonic() - began
        right = results(calm)
        done = sweeps = alike = files = 0
        refused: list[str] = []
        while done < kills:
            sweeps += 1
            runs, ended = Path(scratch) / f"sweep {sweeps}", False
            while not ended:
                process = _start(runs)
                # No kill where enough have been: then it runs to its end.
                ended = _ends(process, chance.uniform(0, whole) if done < kills else 1e6)
                done += not ended
                print(f"sweep {sweeps}: {done} of {kills} kills", file=sys.stderr)
            if process.returncode:
                refused.append(f"sweep {sweeps} ended with exit code {process.returncode}")
            found = results(runs)
            files += len(right)
            alike += sum(found.get(name) == told for name, told in right.items())
            refused += [f"sweep {sweeps}: {name}" for name, told in right.items() if found.get(name) != told]
    equal = f"{alike} of {files} files equal to the undisturbed sweep's"
    return [f"{done} kill -9 over {sweeps} sweeps of 4 runs: {equal}", *refused]


def results(runs: Path) -> dict[str, str]:
    """Of every run that is finished, a sum over each file that holds a result."""
    found = {}
    for record in sorted(runs.rglob("record.json")):
        own = record.parent.relative_to(runs)
        found[f"{own}/record.json"] = digest(_timeless(json.loads(record.read_text())))
        with np.load(record.parent / "predictions.npz") as held:
            found[f"{own}/predictions.npz"] = digest({name: held[name] for name in sorted(held.files)})
        for name in ("best.ckpt", "last.ckpt"):
            state = read_checkpoint(record.parent / "checkpoints" / name)["state_dict"]
            found[f"{own}/{name}"] = digest({key: state[key] for key in sorted(state)})
    return found


def _timeless(record: dict[str, Any]) -> dict[str, Any]:
    kept = {key: told for key, told in record.items() if key not in CLOCK}
    kept["cost"] = {key: told for key, told in record["cost"].items() if not any(word in key for word in MEASURED)}
    return kept


def _start(runs: Path) -> "subprocess.Popen[bytes]":
    """In a group of its own, so that all its jobs are killed with it."""
    command = [sys.executable, "-m", "benchmark.run", *SWEEP, f"runs='{runs}'"]
    quiet = subprocess.DEVNULL
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet, start_new_session=True)


def _ends(process: "subprocess.Popen[bytes]", seconds: float) -> bool:
    """Whether it came to its end by itself, before it was killed."""
    try:
        process.wait(seconds)
        return True
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return False
