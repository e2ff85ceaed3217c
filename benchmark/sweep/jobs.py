"""A job of a sweep, and how it ended."""

from collections.abc import Sequence
from contextlib import suppress
from typing import IO, NamedTuple

from benchmark.common.errors import BusyFault, RunFault
from benchmark.results.run_folder import RunFolder, now, read_json, write_json
from benchmark.results.run_id import RunId

RESUMES = "started again, it resumes"
"""How the message of a run ends that was stopped from outside."""


class Job(NamedTuple):
    """A run to start: its identity, the command line that starts it, and how many processes train it."""

    address: RunId
    arguments: Sequence[str]
    processes: int = 1


class Outcome(NamedTuple):
    """How a job ended. code: exit code, negative for the signal that killed it; message: "" if it finished."""

    job: Job
    code: int
    seconds: float
    message: str


def printed(output: IO[bytes]) -> bytes:
    """What the process of a job has printed into a file, which is closed."""
    with output:
        output.seek(0)
        return output.read()


def append_to_log(folder: RunFolder, output: bytes) -> None:
    """Appends to a run's log what its process has printed: a crash below Python is reported only there."""
    with suppress(OSError), folder.log.open("ab") as log:
        log.write(output)


def note_failure(folder: RunFolder, message: str, **more: object) -> None:
    """Sets a run's status to failed, for a run that could not do so itself. more: further values of the status."""
    try:
        with folder.locked():
            values = {"state": "failed", "message": message, "updated": now(), **more}
            write_json(folder.status, read_json(folder.status) | values)
    except (RunFault, BusyFault, OSError):
        return  # locked by another process or another user's, or the disk is full; the sweep reports it at its end
