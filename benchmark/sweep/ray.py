"""The launcher of a Ray cluster: the jobs of a sweep become its actors, one for each run."""

import fnmatch
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, final

from benchmark.common.errors import ConfigFault
from benchmark.process.terminal import Console
from benchmark.sweep.base import SweepLauncher
from benchmark.sweep.display import Display, Pace
from benchmark.sweep.jobs import Job, Outcome
from benchmark.sweep.ray_actor import RunActor
from benchmark.sweep.ray_cluster import LOCAL, connected
from benchmark.sweep.ray_results import ReturnedResults, RunResults, SharedResults
from benchmark.sweep.ray_runs import NodeRun
from benchmark.sweep.ray_watch import RayWatch
from datamodules.ranges import Count, NonNegative, Positive


@final
class RayLauncher(SweepLauncher):
    """Executes each run in a process of its own on a node of a Ray cluster, without retries that would hide a crash.

    address: HOST:PORT of the cluster's head, `auto` for the one that runs on this machine, `local` for one of the
    sweep's own. jobs: at once. threads: CPUs of a job. gpus: of a job, a share of one or whole ones. memory_gb:
    reserved for a job. results: `shared` where all nodes see the folder of runs, else `returned`. node_folder: of every
    node, where jobs start and keep their runs if results are returned. return_seconds: between two returns of a running
    job's files. variables: names of environment variables, with wildcards, that jobs get from here.
    """

    def __init__(
        self,
        address: str,
        jobs: Count,
        threads: Count,
        gpus: NonNegative,
        memory_gb: Positive | None,
        results: Literal["shared", "returned"],
        node_folder: str | None,
        return_seconds: NonNegative,
        variables: Sequence[str],
    ):
        super().__init__(threads)
        self._address, self._at_once, self._gpus, self._memory_gb = address, jobs, gpus, memory_gb
        self._variables = list(variables)
        self._results: RunResults = {
            "shared": SharedResults(), "returned": ReturnedResults(node_folder, return_seconds)
        }[results]  # fmt: skip
        self._cpus = len(os.sched_getaffinity(0))

    def places(self, accelerator: str) -> int:
        return min(self._at_once, max(1, self._cpus // self._threads)) if self._address == LOCAL else self._at_once

    def execute(self, jobs: Sequence[Job], console: Console) -> list[Outcome]:
        if not jobs:
            return []
        if self._gpus > 1 and self._gpus != int(self._gpus):
            raise ConfigFault([f"hydra.launcher.gpus={self._gpus}: a share of one GPU, or a whole number of them"])
        processes = max(job.processes for job in jobs)
        if 0 < self._gpus < processes:
            raise ConfigFault([f"trainer.devices={processes} needs hydra.launcher.gpus={processes} for each job"])
        cluster = connected(self._address, self._cpus)
        asked = self._asked(processes)
        for root in sorted({Path(job.address.root) for job in jobs}):
            cluster.refuse(asked, self._results, root)
        display = Display(Pace(len(jobs), self.places("")), console)

        def has_room() -> bool:
            return bool(cluster.fitting(asked))

        def actor(job: Job, run: NodeRun) -> Any:
            made = cluster.ray.remote(RunActor).options(
                num_cpus=asked["CPU"], num_gpus=self._gpus, memory=asked.get("memory"), max_restarts=0,
                max_task_retries=0,
            )  # fmt: skip
            return made.remote(list(job.arguments), self._environment(), run)

        return RayWatch(cluster.ray, actor, self._results, self._at_once, display, has_room).run(jobs)

    def _asked(self, processes: int) -> dict[str, float]:
        """What each job asks for, by Ray's names of resources. processes: of the job with the most."""
        memory = {} if self._memory_gb is None else {"memory": int(self._memory_gb * 1e9)}
        return {"CPU": self._threads * processes, "GPU": self._gpus} | memory

    def _environment(self) -> dict[str, str]:
        """Of each job. Ray names the GPUs of an actor that has some."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if any(fnmatch.fnmatchcase(name, wanted) for wanted in self._variables)
        }
        return kept | self.environment() | ({} if self._gpus else {"CUDA_VISIBLE_DEVICES": ""})
