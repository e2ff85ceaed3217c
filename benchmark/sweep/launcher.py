"""The launcher of one machine: a pool of processes, one per slot."""

import os
import subprocess
from collections.abc import Sequence
from typing import final

from benchmark.common.errors import ConfigFault
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
        return len(self._slots(accelerator, 1))

    def execute(self, jobs: Sequence[Job], console: Console) -> list[Outcome]:
        widest = max((job.processes for job in jobs), default=1)
        slots = self._slots(self.config.trainer.accelerator, widest)[: max(1, len(jobs))]
        return Pool(slots, Display(Pace(len(jobs), len(slots)), console)).run(jobs)

    def _slots(self, accelerator: str, processes: int) -> list[dict[str, str]]:
        """processes: of the job with the most. Raises ConfigFault where it has more than there are GPUs."""
        gpus = [] if accelerator == "cpu" else visible_gpus()[: self._gpus]
        if gpus and processes > len(gpus):
            raise ConfigFault(
                [f"trainer.devices={processes}: each process needs a GPU of its own, and {len(gpus)} are here"]
            )
        places = [",".join(gpus[at : at + processes]) for at in range(0, len(gpus) - processes + 1, processes)]
        cores = len(os.sched_getaffinity(0)) // (self._threads * processes)
        jobs = self._at_once or len(places) or max(1, cores)
        environment = self.environment()
        seen = [{"CUDA_VISIBLE_DEVICES": place} for place in places] or [{"CUDA_VISIBLE_DEVICES": ""}]
        return [environment | (seen[slot % len(seen)] if places or self._gpus == 0 else {}) for slot in range(jobs)]


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
