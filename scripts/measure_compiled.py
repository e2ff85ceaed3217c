"""What compiling a training step (compilation=inductor) saves, and what it takes.

    OMP_NUM_THREADS=1 python scripts/measure_compiled.py
    OMP_NUM_THREADS=1 python scripts/measure_compiled.py --attention dram --data mnist_pairs experiment=reach_dram

plain, compiled: a step with the optimiser's, in turns. first: wall-clock seconds of the first compiled step, compiling
included; again: likewise in a second process, which finds what the first one compiled. Both are long where other
programs run. pays from: steps after which the seconds of `again` are saved.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import measuring
from measuring import Row

from benchmark.process.program import program
from benchmark.training.compilation.inductor import Inductor

MECHANISMS = "none,item_soft,item_hard,ram,dram,location_soft"
CACHE = "TORCHINDUCTOR_CACHE_DIR"


def first_step(one: measuring.Subject) -> tuple[measuring.Action, float]:
    """A compiled step, and the seconds of the first one."""
    module = one.built.module
    module.step_function = Inductor().compiled(module.train_step.forward)
    step = measuring.training_step(one)
    before = time.perf_counter()
    step(one.batch)
    return lambda: step(one.batch), time.perf_counter() - before


def measured(attention: str, choice: argparse.Namespace, digits: str) -> Row:
    plain = measuring.training_step(one := measuring.subject_of(attention, choice, digits))
    compiled, seconds = first_step(measuring.subject_of(attention, choice, digits))
    actions = {"plain": lambda: plain(one.batch), "compiled": compiled}
    found = measuring.seconds(actions, choice.rounds, one.device)
    return {
        "attention": attention,
        "plain, ms": 1000 * found["plain"],
        "compiled, ms": 1000 * found["compiled"],
        "ratio": found["compiled"] / found["plain"],
        "compiling, s": seconds,
    }


def twice(attention: str, choice: argparse.Namespace, digits: str) -> Row:
    """A row of two processes, one after the other, that share a cache which was empty."""
    with tempfile.TemporaryDirectory() as cache:
        rows = []
        for _ in range(2):
            out = Path(cache) / "row.json"
            command = [sys.executable, __file__, "--one", digits, "--attention", attention, "--data", choice.data,
                       "--rounds", str(choice.rounds), "--device", str(choice.device), "--json", str(out)]  # fmt: skip
            done = subprocess.run([*command, *choice.overrides], stdout=subprocess.DEVNULL,
                                  env={**os.environ, CACHE: cache})  # fmt: skip
            if done.returncode:
                sys.exit(done.returncode)  # it has said why
            rows += json.loads(out.read_text())["rows"]
    first, again = (row.pop("compiling, s") for row in rows)
    saved = (rows[1]["plain, ms"] - rows[1]["compiled, ms"]) / 1000
    return {**rows[1], "first, s": first, "again, s": again, "pays from": again / saved if saved > 0 else float("inf")}


def measure(choice: argparse.Namespace) -> list[Row]:
    if choice.one:
        return [measured(choice.attention, choice, choice.one)]
    with measuring.sample_digits() as digits:
        return [twice(attention, choice, digits) for attention in choice.attention.split(",")]


@program
def main() -> int:
    parser = measuring.by_mechanism(__doc__, "digit_pairs", MECHANISMS)
    parser.add_argument("--one", metavar="FOLDER", help=argparse.SUPPRESS)  # one mechanism, in this process
    return measuring.main(measure, parser, "A compiled training step")


if __name__ == "__main__":
    sys.exit(main())
