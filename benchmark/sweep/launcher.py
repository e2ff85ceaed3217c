"""The launcher of one machine: a pool of processes, one per slot."""

import os
import subprocess
from collections.abc import Sequence
from typing import final

from benchmark.process.terminal import Console
from benchmark.sweep.base import SweepLauncher
from benchmark.sweep.display import Display, Pace
from benchmark.sweep.jobs import Job, Outcome
from benchmark.sweep.pool import Pool
from datamodules.ranges import Count, Natural


@final
class PoolLauncher(SweepLauncher):
    """Runs each job in a process of its own, so that jobs share no interpreter, device or logger.

    jobs: number at once, None to follow from GPUs or cores. threads: of each job. gpus: number to use, None for all.
    """

    def __init__(self, jobs: Count | None, threads: Count, gpus: Natural | None):
        super().__init__(threads)
        self._at_once, self._gpus = jobs, gpus

    def places(self, accelerator: str) -> int:
        return len(self._slots(accelerator))

    def execute(self, jobs: Sequence[Job], console: Console) -> list[Outcome]:
        slots = self._slots(self.config.trainer.accelerator)[: max(1, len(jobs))]
        return Pool(slots, Display(Pace(len(jobs), len(slots)), console)).run(jobs)

    def _slots(self, accelerator: str) -> list[dict[str, str]]:
        gpus = [] if accelerator == "cpu" else visible_gpus()[: self._gpus]
        jobs = self._at_once or len(gpus) or max(1, len(os.sched_getaffinity(0)) // self._threads)
        environment = self.environment()
        shares = [{"CUDA_VISIBLE_DEVICES": gpus[slot % len(gpus)]} if gpus else {} for slot in range(jobs)]
        return [environment | share for share in shares]


def visible_gpus() -> list[str]:
    """The GPUs that this process may use, as in CUDA_VISIBLE_DEVICES; found without loading CUDA."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [name for name in named.split(",") if name not in ("", "-1")]
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [str(number) for number in range(sum(line.startswith("GPU ") for line in listed.stdout.splitlines()))]
