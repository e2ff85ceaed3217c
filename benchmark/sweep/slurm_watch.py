"""Waits for submitted jobs, and finds out how each ended: from its run's folder and the queue alone."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import final

from benchmark.results.run_folder import RunFolder, read_json
from benchmark.sweep.display import Display, Running
from benchmark.sweep.jobs import RESUMES, Job, Outcome, note_failure
from benchmark.sweep.slurm_queue import RUNNING, SlurmTicket, cancel, queued

WAITING = ("PENDING", "REQUEUED", "REQUEUE_HOLD", "SPECIAL_EXIT", "SUSPENDED", "PREEMPTED")
TICK_SECONDS = 0.5
SILENCE_SECONDS = 600.0
"""After so long without an answer of the queue, that is said."""
MISSING_TWICE = 2
"""Looks in which a job has to be missing from the queue before it counts as ended: a requeued one is missing briefly,
and a shared disk may show its record late.
"""


@final
class SlurmWatch:
    """jobs: with their tickets. ours: ids that are cancelled if waiting is interrupted. poll: seconds between looks."""

    def __init__(self, jobs: Sequence[tuple[Job, SlurmTicket]], ours: Sequence[str], display: Display, poll: float):
        self._left = list(jobs)
        self._ours, self._display, self._poll = list(ours), display, poll
        self._before = {job.address.folder: read_json(RunFolder(job.address.folder).status) for job, _ in jobs}
        self._running: dict[str, Running] = {}
        self._missing: dict[str, int] = {}

    def run(self) -> list[Outcome]:
        """The outcomes, in the order of ending. On any exception the jobs of this sweep are cancelled."""
        outcomes, looked, answered = list[Outcome](), 0.0, time.monotonic()
        try:
            while self._left:
                if time.monotonic() - looked >= self._poll:
                    looked = time.monotonic()
                    if (states := queued()) is not None:
                        outcomes, answered = outcomes + self._look(states), time.monotonic()
                    elif time.monotonic() - answered > SILENCE_SECONDS:
                        self._display.remark("squeue has not answered for ten minutes; waiting")
                        answered = time.monotonic()
                self._display.tick(list(self._running.values()), len(self._left) - len(self._running))
                time.sleep(min(TICK_SECONDS, self._poll))
        except BaseException:
            cancel([ticket.job for _, ticket in self._left if ticket.job in self._ours])
            raise
        return outcomes

    def _look(self, states: Mapping[str, str]) -> list[Outcome]:
        outcomes = []
        for job, ticket in list(self._left):
            state = states.get(ticket.job)
            if state == RUNNING and ticket.job not in self._running:
                self._running[ticket.job] = self._started(job)
            elif state in WAITING and ticket.job in self._running:
                self._display.queued_again(self._running.pop(ticket.job))
            if state is None:
                self._missing[ticket.job] = self._missing.get(ticket.job, 0) + 1
                if RunFolder(job.address.folder).record.exists() or self._missing[ticket.job] >= MISSING_TWICE:
                    outcomes.append(self._ended(job, ticket))
            else:
                self._missing.pop(ticket.job, None)
        return outcomes

    def _started(self, job: Job) -> Running:
        before = self._before[job.address.folder]
        folder = RunFolder(job.address.folder)
        running = Running(job.address.name, folder, time.monotonic(), lambda status: status != before)
        self._display.started(running)
        return running

    def _ended(self, job: Job, ticket: SlurmTicket) -> Outcome:
        self._left.remove((job, ticket))
        running = self._running.pop(ticket.job, None) or self._started(job)
        message = self._failure(running, ticket)
        seconds = time.monotonic() - running.since
        outcome = Outcome(job, 1 if message else 0, seconds, message)
        self._display.ended(running, seconds, message)
        return outcome

    def _failure(self, running: Running, ticket: SlurmTicket) -> str:
        """Why a job failed: from its status, or the last line of its log; "" if it finished."""
        if running.folder.record.exists():
            return ""
        status = running.status()
        if status.get("state") in ("failed", "interrupted"):
            return str(status.get("message"))
        last = last_line(Path(ticket.log)) or last_line(Path(ticket.log).with_suffix(".err"))
        message = f"Slurm's job {ticket.job} ended before its run ({last or 'without a word'}); {RESUMES}"
        note_failure(running.folder, message)
        return message


def last_line(log: Path) -> str:
    """The last line of a log besides submitit's own; "" where there is none."""
    try:
        return last_told(log.read_text(errors="replace"))
    except OSError:
        return ""


def last_told(text: str) -> str:
    """The last line of a text besides submitit's own; "" where there is none."""
    lines = [line.strip() for line in text.splitlines()]
    told = [line for line in lines if line and not line.startswith("submitit ")]
    return told[-1].removeprefix("error: ") if told else ""
