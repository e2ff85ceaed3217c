"""A job of a sweep, and how it ended."""

from collections.abc import Sequence
from contextlib import suppress
from typing import IO, NamedTuple

from benchmark.common.errors import BusyFault, RunFault
from benchmark.results.run_folder import RunFolder, now, read_json, write_json
from benchmark.results.run_id import RunId

RESUMES = "started again, it resumes"
"""How the message of a run ends that was stopped from outside."""

IN_THE_NAME = ("attention=", "data=", "seed=", "study=", "runs=")
"""How the overrides begin that the folder of a run shows."""


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


def settings(addresses: Sequence[RunId], overrides: Sequence[Sequence[str]]) -> list[str]:
    """A line for each setting of a sweep that has several of a mechanism on a data set: the hash at the end of its
    folders' names, and the overrides that not all jobs have. addresses, overrides: of the jobs, in their order.
    """
    shared = set(overrides[0]).intersection(*overrides) if overrides else set()
    found: dict[str, str] = {}
    for address, texts in zip(addresses, overrides, strict=True):
        own = (text for text in texts if text not in shared and not text.startswith(IN_THE_NAME))
        found.setdefault(address.setting, " ".join(own))
    of_setting = {(one.attention, one.data, one.setting) for one in addresses}
    if len(of_setting) == len({names[:2] for names in of_setting}):
        return []
    return [f"setting {name or 'without a hash'}: {words}" for name, words in found.items()]


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
