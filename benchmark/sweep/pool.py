"""Executes runs as operating-system processes, a fixed number at a time; a crash affects only its own run."""

import os
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import IO, NamedTuple, final

from benchmark.common.errors import RunFault
from benchmark.process.parent import PARENT
from benchmark.process.program import BUSY
from benchmark.results.run_folder import RunFolder
from benchmark.sweep.display import Display, Running
from benchmark.sweep.elsewhere import Elsewhere
from benchmark.sweep.ending import failure, never_started
from benchmark.sweep.jobs import Job, Outcome, append_to_log, printed

PATIENCE_SECONDS = 5.0
"""Between SIGTERM and SIGKILL."""


class Started(NamedTuple):
    """A job's process. output: what it prints."""

    job: Job
    running: Running
    process: "subprocess.Popen[bytes]"
    output: IO[bytes]


@final
class Pool:
    """Starts jobs in order, one per free slot. slots: environment variables of each slot's jobs."""

    def __init__(self, slots: Sequence[Mapping[str, str]], display: Display):
        self._slots, self._display = slots, display
        self._running: dict[int, Started] = {}
        self._elsewhere = Elsewhere()

    def run(self, jobs: Sequence[Job]) -> list[Outcome]:
        """Runs all jobs; their outcomes in the order of ending. On any exception all jobs are stopped."""
        waiting, outcomes = deque(jobs), list[Outcome]()
        try:
            while waiting or self._running or self._elsewhere:
                waiting += self._elsewhere.free_again()
                for slot in range(len(self._slots)):
                    if slot in self._running:
                        outcomes += self._reap(slot)
                    if waiting and slot not in self._running:
                        outcomes += self._start(slot, waiting.popleft())
                left = len(waiting) + len(self._elsewhere)
                self._display.tick([started.running for started in self._running.values()], left)
                time.sleep(0.1)
        finally:
            self._stop()
        return outcomes

    def _start(self, slot: int, job: Job) -> list[Outcome]:
        """Starts a job. Its outcome where it cannot be started: its folder cannot be made, or a disk is full."""
        try:
            self._begin(slot, job)
        except (RunFault, OSError) as error:
            outcome = never_started(job, error)
            never = Running(job.address.name, RunFolder(job.address.folder), time.monotonic(), lambda status: False)
            self._display.ended(never, outcome.seconds, outcome.message)
            return [outcome]
        return []

    def _begin(self, slot: int, job: Job) -> None:
        folder = RunFolder(job.address.folder)
        folder.make()
        environment = os.environ | dict(self._slots[slot]) | {PARENT: str(os.getpid())}
        output = tempfile.TemporaryFile()  # noqa: SIM115 - read when the job has ended
        process = subprocess.Popen(
            job.arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment,
            start_new_session=True,
        )  # fmt: skip
        pid = process.pid
        running = Running(job.address.name, folder, time.monotonic(), lambda status: status.get("pid") == pid)
        self._running[slot] = Started(job, running, process, output)
        self._display.started(running)

    def _reap(self, slot: int) -> list[Outcome]:
        started = self._running[slot]
        job, running, process, _ = started
        code = process.poll()
        if code is None:
            return []
        del self._running[slot]
        output = printed(started.output)
        if code == BUSY:
            self._elsewhere.add(job)
            self._display.elsewhere(running)
            return []
        if code == 0 and not running.folder.status.exists():
            running.folder.withdraw()  # a rehearsal, of which nothing is kept
        else:
            append_to_log(running.folder, output)
        message = "" if code == 0 else failure(running, code, output)
        outcome = Outcome(job, code, time.monotonic() - running.since, message)
        self._display.ended(running, outcome.seconds, message)
        return [outcome]

    def _stop(self) -> None:
        left = [started.process for started in self._running.values()]
        for process in left:
            process.terminate()
        until = time.monotonic() + PATIENCE_SECONDS
        for process in left:
            try:
                process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for started in self._running.values():
            append_to_log(started.running.folder, printed(started.output))
