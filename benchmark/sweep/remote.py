"""A job of a sweep on another machine: started by its cluster, it starts the run in a process of its own."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any, final

PATIENCE_SECONDS = 60.0
"""For a run to stop after SIGTERM, before it is killed."""


@final
class RemoteJob:
    """The callable that a cluster executes. It imports no PyTorch, and is restored from a pickle by its import path.

    arguments: the run's command line. environment: variables added to the machine's own. The run inherits standard
    output, so its output is in the cluster's log.
    """

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str]):
        self._arguments, self._environment = list(arguments), dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(self) -> int:
        """The run's exit code, negative for the signal that ended it."""
        sys.stdout.flush()
        self._process = subprocess.Popen(self._arguments, env=os.environ | self._environment, stdin=subprocess.DEVNULL)
        try:
            code = self._process.wait()
        finally:
            self.stop()
        if code < 0:
            print(f"killed by {signal.Signals(-code).name}", flush=True)
        return code

    def stop(self) -> None:
        """Ends the run if it is still executing; its last checkpoint stays."""
        process, self._process = self._process, None
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
        return DelayedSubmission(RemoteJob(self._arguments, self._environment))
