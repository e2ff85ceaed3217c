"""Submits jobs to a Ray cluster, waits for them, and finds out how each ended."""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from benchmark.common.errors import BusyFault, RunFault, user_fault
from benchmark.process.program import BUSY
from benchmark.results.run_folder import RunFolder
from benchmark.sweep.display import Display, Running
from benchmark.sweep.elsewhere import Elsewhere
from benchmark.sweep.ending import failure, never_started
from benchmark.sweep.jobs import RESUMES, Job, Outcome, note_failure
from benchmark.sweep.ray_actor import RayNews, RayStart
from benchmark.sweep.ray_results import RunResults
from benchmark.sweep.ray_runs import NodeRun
from benchmark.sweep.remote import PATIENCE_SECONDS

LOOK_SECONDS = 2.0
"""A node tells so often what has become of its run; at once when it ends."""
TICK_SECONDS = 0.5
ROOM_SECONDS = 60.0
"""A job that waits for longer while no node could take it is remarked on."""
LOST_SECONDS = 120.0
"""For a node that cannot be reached to answer again, or to count as dead."""


@dataclass(eq=False)
class Submitted:
    """A job's actor. call: the answer that is awaited. looks: answers that have arrived. lost: `time.monotonic()` since
    when the actor cannot be reached, None while it can.
    """

    job: Job
    actor: Any
    call: Any
    looks: int = 0
    running: Running | None = None
    lost: float | None = None


@final
class RayWatch:
    """Submits jobs in order, a number at a time, without retries.

    ray: the module. actor: makes the actor of a job with its folder on the node. results: their way to this machine.
    has_room: whether some node could take a job, were it idle.
    """

    def __init__(
        self, ray: Any, actor: Callable[[Job, NodeRun], Any], results: RunResults, at_once: int, display: Display,
        has_room: Callable[[], bool],
    ):  # fmt: skip
        self._ray, self._actor, self._results, self._at_once = ray, actor, results, at_once
        self._display, self._has_room = display, has_room
        self._submitted: list[Submitted] = []  # until the actor is let go, so that an interruption stops all
        self._elsewhere = Elsewhere()
        self._room = time.monotonic()

    def run(self, jobs: Sequence[Job]) -> list[Outcome]:
        """The outcomes, in the order of ending. On any exception all jobs are stopped."""
        waiting, outcomes = deque(jobs), list[Outcome]()
        try:
            while waiting or self._submitted or self._elsewhere:
                waiting += self._elsewhere.free_again()
                while waiting and len(self._submitted) < self._at_once:
                    outcomes += self._submit(waiting.popleft())
                outcomes += self._answers(TICK_SECONDS)
                running = [each.running for each in self._submitted if each.running is not None]
                queued = len(self._submitted) - len(running)
                self._remark_on_room(queued)
                self._display.tick(running, queued + len(waiting) + len(self._elsewhere))
        finally:
            self._stop()
        return outcomes

    def _submit(self, job: Job) -> list[Outcome]:
        """Submits a job. Its outcome where its folder cannot be made."""
        try:
            run = self._results.claim(job)
        except BusyFault:
            self._elsewhere.add(job)
            self._display.remark(f"{job.address.name}: another process is executing it; waiting")
            return []
        except (RunFault, OSError) as error:
            outcome = never_started(job, error)
            self._display.remark(f"{job.address.name} failed: {outcome.message}")
            return [outcome]
        actor = self._actor(job, run)
        self._submitted.append(Submitted(job, actor, actor.start.remote()))
        return []

    def _answers(self, seconds: float) -> list[Outcome]:
        """Waits for answers of the actors, so many seconds at most; the outcomes of the jobs that ended."""
        if not self._submitted:
            time.sleep(seconds)
            return []
        calls = [each.call for each in self._submitted]
        ready, _ = self._ray.wait(calls, num_returns=1, timeout=seconds)
        ready, _ = self._ray.wait(calls, num_returns=len(calls), timeout=0) if ready else ([], [])
        answered = [each for each in self._submitted if each.call in ready]
        return [outcome for each in answered for outcome in self._answer(each)]

    def _answer(self, submitted: Submitted) -> list[Outcome]:
        try:
            answer = self._ray.get(submitted.call)
            if isinstance(answer, RayNews):
                self._results.receive(submitted.job, answer.parcel)
                submitted.looks, submitted.lost = submitted.looks + 1, None
        except Exception as error:  # of the run's folder, or any of Ray's: the node or its process has ended
            if self._may_come_back(submitted, error):
                return []
            return [self._broken(submitted, reason(error))]
        if isinstance(answer, RayStart):
            submitted.running = self._started(submitted.job, answer)
        elif answer.code is not None:
            return self._ended(submitted, answer)
        self._look(submitted)
        return []

    def _look(self, submitted: Submitted) -> None:
        submitted.call = submitted.actor.look.remote(submitted.looks + 1, LOOK_SECONDS)

    def _may_come_back(self, submitted: Submitted, error: Exception) -> bool:
        """Asks once more where an actor cannot be reached at the moment; False where it is gone, or for too long."""
        if not isinstance(error, self._ray.exceptions.ActorUnavailableError) or submitted.running is None:
            return False
        submitted.lost = submitted.lost or time.monotonic()
        if time.monotonic() - submitted.lost > LOST_SECONDS:
            return False
        time.sleep(TICK_SECONDS)
        self._look(submitted)
        return True

    def _started(self, job: Job, start: RayStart) -> Running:
        process = {"pid": start.pid, "host": start.host}
        running = Running(
            job.address.name, RunFolder(job.address.folder), time.monotonic(), lambda status: is_of(status, process)
        )
        self._display.started(running)
        return running

    def _ended(self, submitted: Submitted, news: RayNews) -> list[Outcome]:
        """The outcome of a job whose run has ended; none where another process executes the run."""
        job, running = submitted.job, submitted.running
        assert running is not None and news.code is not None
        self._let_go(submitted)
        if news.code == BUSY:
            self._elsewhere.add(job)
            self._display.elsewhere(running)
            return []
        message = "" if news.code == 0 else failure(running, news.code, news.output)
        outcome = Outcome(job, news.code, time.monotonic() - running.since, message)
        self._display.ended(running, outcome.seconds, message)
        return [outcome]

    def _broken(self, submitted: Submitted, message: str) -> Outcome:
        """The outcome of a job whose actor is no more, or could not prepare its folder."""
        job = submitted.job
        running = submitted.running or self._started(job, RayStart("", 0))
        self._let_go(submitted)
        if not running.folder.record.exists():
            note_failure(running.folder, message, seconds_left=None)
        seconds = time.monotonic() - running.since
        self._display.ended(running, seconds, message)
        return Outcome(job, 1, seconds, message)

    def _let_go(self, submitted: Submitted) -> None:
        self._submitted.remove(submitted)
        self._ray.kill(submitted.actor, no_restart=True)
        if remark := self._results.release(submitted.job):
            self._display.remark(remark)

    def _remark_on_room(self, queued: int) -> None:
        """Tells that jobs wait for nodes that have left the cluster."""
        if not queued or time.monotonic() - self._room < ROOM_SECONDS:
            return
        self._room = time.monotonic()
        if not self._has_room():
            self._display.remark(f"{queued} jobs wait for a node: none has room for them since some have left")

    def _stop(self) -> None:
        """Ends what is executing, takes home what it leaves, and frees the cluster."""
        for submitted in self._submitted:
            if submitted.running is None:
                self._ray.kill(submitted.actor, no_restart=True)  # it waits for a node
            else:
                submitted.actor.stop.remote()
        until = time.monotonic() + PATIENCE_SECONDS + LOOK_SECONDS
        while self._submitted and time.monotonic() < until:
            self._answers(TICK_SECONDS)
        for submitted in list(self._submitted):
            self._let_go(submitted)


def is_of(status: Mapping[str, Any], process: Mapping[str, Any]) -> bool:
    """Whether a status was written by a process, of which host and id are known."""
    return all(status.get(key) == value for key, value in process.items())


def reason(error: Exception) -> str:
    """Why a job's actor gives no answer, from Ray's error."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, Exception) and isinstance(user_fault(cause) or cause, RunFault | OSError):
        return str(user_fault(cause) or cause)
    if isinstance(error, RunFault):
        return str(error)
    text, name = str(error), type(error).__name__
    if "node has died" in text or name == "NodeDiedError":
        return f"its node left the cluster; {RESUMES}"
    if "OutOfMemory" in name or "OOM" in text or "memory pressure" in text:
        return f"Ray ended it, as its node ran out of memory; {RESUMES}"
    if "worker process has died" in text or name in ("WorkerCrashedError", "ActorDiedError"):
        return f"its process on the node was killed; {RESUMES}"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return f"{name}: {lines[0] if lines else 'no reason was given'}; {RESUMES}"
