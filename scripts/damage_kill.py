"""Real tiny sweeps of which something is killed (-9) at moments drawn at random, started again until they are done."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from damage_workshop import digest

from benchmark.results.run_folder import read_json
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
AGAIN = 5
"""Further calls of an undisturbed sweep that has ended with an error: a cluster whose daemon was killed a moment ago
refuses jobs, or loses one, and the message says to start it again.
"""
PATIENCE = 30
"""A sweep that takes so many times as long as the undisturbed one hangs."""
MEASURED = ("seconds", "per_second", "memory")
"""Costs with these words in their names are of one machine at one moment."""


class Under(NamedTuple):
    """What the sweeps run under. overrides: of the launcher, of any kind. daemons: names of the cluster's processes on
    this machine that are killed too. mend: the shell command that starts them again, "" for none.
    """

    overrides: Sequence[str]
    daemons: Sequence[str]
    mend: str


def killed_sweeps(kills: int, under: Under) -> list[str]:
    """What a reader wants to know, a line each: so many kills, and how the sweeps compare with an undisturbed one.

    Each kill takes one of what is there: the sweep's process, the process of a run, a daemon of the cluster.
    """
    chance = random.Random(0)
    with tempfile.TemporaryDirectory() as scratch:
        calm = Path(scratch) / "calm"
        began = time.monotonic()
        _start(calm, under).wait()
        whole = time.monotonic() - began
        right = results(calm)
        killed: Counter[str] = Counter()
        sweeps = alike = files = 0
        refused: list[str] = []
        while killed.total() < kills:
            sweeps += 1
            runs, left, disturbed, code = Path(scratch) / f"sweep {sweeps}", AGAIN, True, 0
            while disturbed or (code and left):
                if not disturbed:
                    left -= 1
                    _mend(under)
                process, disturbed = _start(runs, under), False
                while killed.total() < kills and not _ends(process, chance.uniform(0, whole)):
                    killed[_kill(chance, process, runs, under)] += 1
                    disturbed = True
                    print(f"sweep {sweeps}: {killed.total()} of {kills} kills", file=sys.stderr)
                if not _ends(process, PATIENCE * whole):
                    refused.append(f"sweep {sweeps} did not end within {PATIENCE * whole:.0f} s")
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
                code = process.returncode
            if code:
                refused.append(f"sweep {sweeps} ended with exit code {code}")
            found = results(runs)
            files += len(right)
            alike += sum(found.get(name) == told for name, told in right.items())
            refused += [f"sweep {sweeps}: {name}" for name, told in right.items() if found.get(name) != told]
    equal = f"{alike} of {files} files equal to the undisturbed sweep's"
    whom = ", ".join(f"{times} of a {name}" for name, times in sorted(killed.items()))
    return [f"{killed.total()} kill -9 ({whom}) over {sweeps} sweeps of 4 runs: {equal}", *refused]


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


def _start(runs: Path, under: Under) -> "subprocess.Popen[bytes]":
    """In a group of its own, so that jobs of the pool are killed with it."""
    command = [sys.executable, "-m", "benchmark.run", *SWEEP, *under.overrides, f"runs='{runs}'"]
    quiet = subprocess.DEVNULL
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet, start_new_session=True)


def _ends(process: "subprocess.Popen[bytes]", seconds: float) -> bool:
    """Whether it comes to its end by itself within so many seconds."""
    try:
        process.wait(seconds)
        return True
    except subprocess.TimeoutExpired:
        return False


def _kill(chance: random.Random, process: "subprocess.Popen[bytes]", runs: Path, under: Under) -> str:
    """Kills one of what is there; returns what it was."""
    victims = [("sweep", process.pid)] + [("run", pid) for pid in _of_runs(runs)]
    victims += [(name, pid) for name in under.daemons for pid in _named(name)]
    kind = chance.choice(sorted({kind for kind, _ in victims}))
    pid = chance.choice([pid for of, pid in victims if of == kind])
    with contextlib.suppress(ProcessLookupError):
        if kind == "sweep":
            os.killpg(pid, signal.SIGKILL)
            process.wait()
        else:
            os.kill(pid, signal.SIGKILL)
    if kind in under.daemons:
        _mend(under)
    return kind


def _mend(under: Under) -> None:
    if under.mend:
        subprocess.run(under.mend, shell=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300)


def _of_runs(runs: Path) -> list[int]:
    """The processes of runs on this machine that are executing."""
    told = [read_json(path) for path in runs.rglob("status.json")]
    pids = [status.get("pid") for status in told if status.get("state") == "running"]
    return [pid for pid in pids if isinstance(pid, int) and _is_run(pid)]


def _is_run(pid: int) -> bool:
    try:
        return b"benchmark.run" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _named(name: str) -> list[int]:
    found = subprocess.run(["pgrep", "-x", name], capture_output=True, text=True)
    return [int(pid) for pid in found.stdout.split()]
