"""Runs as operating-system processes, so many at a time. One that dies takes none of the others with it."""

import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple, final

from benchmark.address import Address
from benchmark.display import Display, Running
from benchmark.faults import RunFault
from benchmark.folder import RunFolder, now, read_json, write_json

PARENT = "ATTENTION_BENCHMARK_PARENT"
"""Tells a job which process started it, so that it ends with that one."""

PATIENCE_SECONDS = 5.0
"""Between asking jobs to end and ending them."""


class Job(NamedTuple):
    """A run to be started: where it belongs, and the command line that starts it."""

    address: Address
    arguments: Sequence[str]


class Outcome(NamedTuple):
    """How a job ended. code: of its process, negative for the signal that killed it; message: "" where it finished."""

    job: Job
    code: int
    seconds: float
    message: str


@final
class Pool:
    """Starts jobs in order, one in each free slot. slots: what each adds to the environment of its jobs."""

    def __init__(self, slots: Sequence[Mapping[str, str]], display: Display):
        self._slots, self._display = slots, display
        self._running: dict[int, tuple[Job, Running]] = {}

    def run(self, jobs: Sequence[Job]) -> list[Outcome]:
        """Every job's outcome, in the order they ended. However it is left, no job is left running."""
        waiting, outcomes = deque(jobs), list[Outcome]()
        try:
            while waiting or self._running:
                for slot in range(len(self._slots)):
                    if slot in self._running:
                        outcomes += self._reap(slot)
                    if waiting and slot not in self._running:
                        self._start(slot, waiting.popleft())
                self._display.tick([running for _, running in self._running.values()], len(waiting))
                time.sleep(0.1)
        finally:
            self._stop()
        return outcomes

    def _start(self, slot: int, job: Job) -> None:
        folder = RunFolder(job.address.folder)
        folder.make()
        environment = os.environ | dict(self._slots[slot]) | {PARENT: str(os.getpid())}
        with folder.log.open("ab") as log:  # what a crash below Python prints must not be lost either
            process = subprocess.Popen(
                job.arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=environment,
                start_new_session=True,
            )  # fmt: skip
        running = Running(job.address.name, folder, process, time.monotonic())
        self._running[slot] = (job, running)
        self._display.started(running)

    def _reap(self, slot: int) -> list[Outcome]:
        job, running = self._running[slot]
        code = running.process.poll()
        if code is None:
            return []
        del self._running[slot]
        message = "" if code == 0 else _last_words(running, code)
        outcome = Outcome(job, code, time.monotonic() - running.since, message)
        self._display.ended(running, outcome.seconds, message)
        return [outcome]

    def _stop(self) -> None:
        left = [running.process for _, running in self._running.values()]
        for process in left:
            process.terminate()
        until = time.monotonic() + PATIENCE_SECONDS
        for process in left:
            try:
                process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _last_words(running: Running, code: int) -> str:
    """Why a job ended: from its status, from the signal that killed it, or the last line it wrote."""
    status = running.status()
    if status.get("state") in ("failed", "interrupted"):
        return str(status.get("message"))
    if code < 0:
        message = f"killed by {signal.Signals(-code).name}; started again, it resumes"
        if status:
            _note(running.folder, {"state": "failed", "message": message, "seconds_left": None, "updated": now()})
        return message
    lines = running.folder.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    message = lines[-1].removeprefix("error: ") if lines else f"exit code {code}"
    _note(running.folder, {"state": "failed", "message": message, "updated": now()})
    return message


def _note(folder: RunFolder, status: Mapping[str, object]) -> None:
    try:
        write_json(folder.status, read_json(folder.status) | dict(status))
    except RunFault:
        return  # the disk is full, most likely; the sweep goes on and says so at its end
