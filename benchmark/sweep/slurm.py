"""The launcher of a Slurm cluster: the jobs of a sweep become the tasks of one array."""

import shlex
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, final

from benchmark.common.errors import ConfigFault, RunFault
from benchmark.process.terminal import Console
from benchmark.results.run_folder import RunFolder
from benchmark.sweep.base import SweepLauncher
from benchmark.sweep.display import Display, Pace
from benchmark.sweep.jobs import Job, Outcome
from benchmark.sweep.remote import RemoteJob
from benchmark.sweep.slurm_queue import SlurmTicket, keep_ticket, queued, ticket_of
from benchmark.sweep.slurm_watch import SlurmWatch, last_told
from datamodules.ranges import Count, Natural, Positive

KILL_ALL = "--kill-on-bad-exit=1"
"""srun's option that ends all processes of a run when one fails."""
SUBMITTED = ".slurm"
"""Folder of a study with what is submitted, and the logs of the cluster."""


@final
class SlurmLauncher(SweepLauncher):
    """Submits one array through submitit, and waits until no task of it is in the queue.

    jobs: tasks at once. threads: CPUs of a job. minutes: time limit of an attempt. resumptions: how often a job that
    ran into its time limit is queued again; a preempted one always is. warning_seconds: before the time limit, a run is
    stopped. gpus, memory_gb: of a job. partition, account, qos: None for the cluster's default. setup: shell lines
    before each job. options: further options of sbatch, by their long names. detach: submit and leave; the same command
    again waits for what is queued. poll_seconds: between two looks at the queue.
    """

    def __init__(
        self,
        jobs: Count,
        threads: Count,
        minutes: Count,
        resumptions: Natural,
        warning_seconds: Count,
        gpus: Natural,
        memory_gb: Positive | None,
        partition: str | None,
        account: str | None,
        qos: str | None,
        setup: Sequence[str],
        options: Mapping[str, Any],
        detach: bool,
        poll_seconds: Positive,
    ):
        super().__init__(threads)
        self._at_once, self._detach, self._poll, self._resumptions = jobs, detach, poll_seconds, resumptions
        self._setup = list(setup)
        asked = {
            "timeout_min": minutes, "cpus_per_task": threads, "nodes": 1, "mem_gb": memory_gb,
            "gpus_per_node": gpus or None, "slurm_partition": partition, "slurm_account": account, "slurm_qos": qos,
            "slurm_array_parallelism": jobs, "slurm_signal_delay_s": warning_seconds,
            "slurm_additional_parameters": dict(options) or None,
        }  # fmt: skip
        self._gpus = gpus
        self._asked = {name: value for name, value in asked.items() if value is not None}

    def places(self, accelerator: str) -> int:
        return self._at_once

    def execute(self, jobs: Sequence[Job], console: Console) -> list[Outcome]:
        executor_of = submitit_executor()
        states = queued()
        if states is None:
            raise ConfigFault(["hydra/launcher=slurm: squeue does not answer; is Slurm's controller running?"])
        known, fresh = list[tuple[Job, SlurmTicket]](), list[Job]()
        for job in jobs:
            ticket = ticket_of(job.address.folder)
            if ticket is not None and ticket.job in states:
                known.append((job, ticket))
            else:
                fresh.append(job)
        if known:
            console.line(f"{len(known)} of {len(jobs)} jobs are queued already, and are waited for")
        new = self._submit(fresh, executor_of) if fresh else []
        if new:
            console.line(f"{len(new)} jobs submitted: Slurm's job {new[0][1].job.partition('_')[0]}")
        if self._detach:
            console.line("detached: the same command again waits for them")
            return []
        display = Display(Pace(len(jobs), self._at_once), console)
        return SlurmWatch([*known, *new], [ticket.job for _, ticket in new], display, self._poll).run()

    def _submit(self, jobs: Sequence[Job], executor_of: Any) -> list[tuple[Job, SlurmTicket]]:
        logs = Path(jobs[0].address.root, jobs[0].address.study, SUBMITTED).absolute()
        environment = self.environment()
        executor = executor_of(folder=logs, cluster="slurm", slurm_max_num_timeout=self._resumptions)
        # The task restores its RemoteJob from a pickle, for which it has to find this package.
        setup = [f"export PYTHONPATH={shlex.quote(environment['PYTHONPATH'])}", *self._setup]
        processes = self._processes_of_each(jobs)
        asked = {**self._asked, "tasks_per_node": processes, "slurm_srun_args": [KILL_ALL] if processes > 1 else []}
        executor.update_parameters(name=f"attention-{jobs[0].address.study}", slurm_setup=setup, **asked)
        for job in jobs:
            RunFolder(job.address.folder).make()
        try:
            with executor.batch():
                submitted = [executor.submit(RemoteJob(job.arguments, environment, processes)) for job in jobs]
        except Exception as fault:  # submitit's own error with what sbatch said, or the system's
            raise RunFault(f"Slurm took no job: {last_told(str(fault)) or 'no reason was given'}") from fault
        tickets = [SlurmTicket(each.job_id, str(each.paths.stdout)) for each in submitted]
        for job, ticket in zip(jobs, tickets, strict=True):
            keep_ticket(job.address.folder, ticket)
        return list(zip(jobs, tickets, strict=True))

    def _processes_of_each(self, jobs: Sequence[Job]) -> int:
        """How many tasks each job has: a process each. Raises ConfigFault where one array cannot hold the jobs."""
        numbers = sorted({job.processes for job in jobs})
        if len(numbers) > 1:
            raise ConfigFault(
                [
                    f"trainer.devices={','.join(map(str, numbers))}: the jobs of one array are of one size. Start a "
                    "sweep for each"
                ]
            )
        if 0 < self._gpus < numbers[0]:
            raise ConfigFault([f"trainer.devices={numbers[0]} needs hydra.launcher.gpus={numbers[0]} for each job"])
        return numbers[0]


def submitit_executor() -> Any:
    """Submitit's AutoExecutor. Raises ConfigFault where submitit or Slurm's commands are missing."""
    try:
        from submitit import AutoExecutor
    except ImportError:
        raise ConfigFault(["hydra/launcher=slurm needs submitit: pip install submitit"]) from None
    if lacking := [name for name in ("sbatch", "srun", "squeue", "scancel") if shutil.which(name) is None]:
        raise ConfigFault(
            [f"hydra/launcher=slurm: no {', '.join(lacking)} here; start the sweep where Slurm's commands are"]
        )
    return AutoExecutor
