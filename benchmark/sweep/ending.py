"""How a job's process ended, in words."""

import signal

from benchmark.common.errors import RunFault
from benchmark.process.program import ending
from benchmark.sweep.display import Running
from benchmark.sweep.jobs import RESUMES, Job, Outcome, note_failure


def never_started(job: Job, error: RunFault | OSError) -> Outcome:
    """Of a job that could not be started, as where its folder cannot be made."""
    return Outcome(job, 1, 0.0, "; ".join(ending(error)[1]))


def failure(running: Running, code: int, output: bytes) -> str:
    """Why a job failed: from its status, the signal that killed it, or the last line it printed. Noted in its status
    where the run could not do so itself.
    """
    status = running.status()
    if status.get("state") in ("failed", "interrupted"):
        return str(status.get("message"))
    if code < 0:
        message = f"killed by {signal.Signals(-code).name}; {RESUMES}"
        if status:
            note_failure(running.folder, message, seconds_left=None)
        return message
    lines = output.decode(errors="replace").strip().splitlines()
    message = lines[-1].removeprefix("error: ") if lines else f"exit code {code}"
    note_failure(running.folder, message)
    return message
