"""Trains experiments, several seeds of each side by side, for as many epochs as fit into the given minutes.

    python scripts/train_in_minutes.py --minutes 12 reach_dram,reach_dram_nocontext,reach_ram data.root=FOLDER
    python scripts/train_in_minutes.py --minutes 30 --seeds 5 --study pairs pairs_wide data.root=FOLDER

For a rented GPU: a trial first, all jobs at once for a twentieth of an epoch, tells how fast they go and what starting,
validating and testing takes. Then the sweep itself starts, whose learning rate falls over just these epochs, and its
report is written. The command of the sweep is printed: given again, it resumes what was interrupted. Knobs follow the
experiments as on the command line of a run; data.batch_size=256 makes steps larger where a GPU waits for its kernels.
"""

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import measuring
from hydra.errors import HydraException
from omegaconf import DictConfig

from benchmark.common.errors import ConfigFault, RunFault
from benchmark.process.program import program

PART = 20
"""Of an epoch's training and validation images the trial has one part in so many, and a batch at least."""
SPARE = 0.05
"""Share of the minutes that is left over: the jobs do not all take as long as in the trial."""


class Pace(NamedTuple):
    """What one epoch takes, the slowest job's, and what comes on top of all epochs, in seconds."""

    epoch: float
    besides: float


def epochs_within(seconds: float, pace: Pace) -> int:
    """The epochs that fit. Raises RunFault where none does."""
    fitting = int((seconds * (1 - SPARE) - pace.besides) / pace.epoch)
    if fitting < 1:
        raise RunFault(
            f"an epoch takes {pace.epoch:.0f} s and starting and testing {pace.besides:.0f} s, which do not fit into "
            f"{seconds:.0f} s. Give more minutes, or a smaller data.images_per_epoch."
        )
    return fitting


def command(choice: argparse.Namespace, study: str, *more: str) -> list[str]:
    """Of a sweep over the experiments and seeds, all jobs at once."""
    jobs = len(choice.experiments.split(",")) * choice.seeds
    seeds = ",".join(map(str, range(choice.seeds)))
    return [
        sys.executable, "-m", "benchmark.run", "-m", f"experiment={choice.experiments}", f"seed={seeds}",
        f"study={study}", f"hydra.launcher.jobs={jobs}", *choice.overrides, *more,
    ]  # fmt: skip


def part_of_an_epoch(one: DictConfig) -> tuple[list[str], float]:
    """Overrides that make an epoch of the trial a twentieth of this one, or one batch; and how many times longer this
    one is.
    """
    short = {key: max(one.data.batch_size, one.data[key] // PART) for key in ("images_per_epoch", "validation_images")}
    times = one.data.images_per_epoch / short["images_per_epoch"]
    return [f"data.{key}={value}" for key, value in short.items()], times


def paced(choice: argparse.Namespace, short: Sequence[str], times: float) -> Pace:
    """The pace of all jobs at once. times: an epoch's length in those of the trial. Raises RunFault where it fails."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        sweep = command(choice, "trial", *short, f"runs={folder}", "trainer.max_epochs=1")
        done = subprocess.run(sweep, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        whole = time.monotonic() - began
        records = [json.loads(path.read_text()) for path in Path(folder).rglob("record.json")]
        if done.returncode or not records:
            raise RunFault("\n".join(["the trial failed:", *done.stdout.splitlines()[-20:]]))
    trained = max(record["cost"]["train_seconds"] for record in records)
    return Pace(trained * times, whole - trained)


@program
def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=12.0, help="of the sweep, without the trial (%(default)s)")
    parser.add_argument("--seeds", type=int, default=3, help="of each experiment, from 0 (%(default)s)")
    parser.add_argument("--study", default="in_minutes", help="folder of the runs, under runs/ (%(default)s)")
    parser.add_argument("experiments", metavar="experiment,...", help="of conf/experiment")
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="knobs of all of them")
    choice = parser.parse_args()
    try:
        one = measuring.composer().job([f"experiment={choice.experiments.split(',')[0]}", *choice.overrides])
    except (ConfigFault, HydraException) as fault:
        print(f"error: {fault}", file=sys.stderr)
        return 2
    print("A trial of all jobs, for a part of an epoch ...", flush=True)
    pace = paced(choice, *part_of_an_epoch(one))
    epochs = epochs_within(60 * choice.minutes, pace)
    sweep = command(choice, choice.study, f"trainer.max_epochs={epochs}")
    print(f"An epoch takes {pace.epoch:.1f} s, the rest {pace.besides:.1f} s: {epochs} epochs.\n{shlex.join(sweep)}")
    sys.stdout.flush()
    finished = subprocess.run(sweep).returncode
    report = [sys.executable, "-m", "benchmark.report", str(Path(one.runs) / choice.study)]
    return finished or subprocess.run(report).returncode


if __name__ == "__main__":
    sys.exit(main())
