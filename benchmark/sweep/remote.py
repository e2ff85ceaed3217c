"""A job of a sweep on another machine: started by its cluster, it starts the run in a process of its own."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import IO, Any, final

from benchmark.process.parent import PARENT
from benchmark.process.ranks import variables

FIRST_PORT, PORTS = 20000, 12000
"""Of the processes of a run: below the ports that Linux gives to programs that ask for any."""
PATIENCE_SECONDS = 60.0
"""For a run to stop after SIGTERM, before it is killed."""


@final
class RemoteJob:
    """The callable that a cluster executes. It imports no PyTorch, and is restored from a pickle by its import path.

    arguments: the run's command line. environment: variables added to the machine's own. tasks: of Slurm that execute
    it, each a process of the run.
    """

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], tasks: int = 1):
        self._arguments, self._environment, self._tasks = list(arguments), dict(environment), tasks
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(self) -> int:
        """The run's exit code, negative for the signal that ended it. The run inherits standard output, so its output
        is in the cluster's log.
        """
        sys.stdout.flush()
        process = self._started(None, None)
        try:
            code = process.wait()
        finally:
            self.stop()
        if code < 0:
            print(f"killed by {signal.Signals(-code).name}", flush=True)
        return code

    def start(self, output: IO[bytes], folder: str | None) -> int:
        """Starts the run and returns its process id. output: what it prints. folder: in which it starts, None for that
        of this process. The run ends with this process, even if that is killed.
        """
        self._environment[PARENT] = str(os.getpid())
        return self._started(output, folder).pid

    def ended(self, seconds: float) -> int | None:
        """The exit code of a started run, as soon as it ends; None if it is still executing after so many seconds."""
        assert self._process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(seconds)
        return None

    def stop(self) -> None:
        """Ends the run if it is still executing; its last checkpoint stays."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE_SECONDS)
        process.kill()
        process.wait()

    def checkpoint(self) -> Any:
        """What submitit submits again after a preemption or a time limit: the same run, which resumes from its last
        checkpoint.
        """
        from submitit.helpers import DelayedSubmission

        self.stop()
        return DelayedSubmission(RemoteJob(self._arguments, self._environment, self._tasks))

    def _started(self, output: IO[bytes] | None, folder: str | None) -> "subprocess.Popen[bytes]":
        error = None if output is None else subprocess.STDOUT
        environment = os.environ | self._environment | slurm_ranks(os.environ, self._tasks)
        self._process = subprocess.Popen(
            self._arguments, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=error, cwd=folder
        )
        return self._process


def slurm_ranks(environment: Mapping[str, str], tasks: int) -> dict[str, str]:
    """The environment variables of a task that is one process of a run; none where it is the only one.

    The port follows from the job's number, so that all tasks know it, and those of other jobs have another.
    """
    if tasks == 1:
        return {}
    rank, job = int(environment["SLURM_PROCID"]), int(environment["SLURM_JOB_ID"])
    return variables(rank, tasks, FIRST_PORT + job % PORTS)
