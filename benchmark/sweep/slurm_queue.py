"""Which jobs are in Slurm's queue, from `squeue`; `sacct` is not needed, so a cluster without accounting will do."""

import getpass
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

from benchmark.results.run_folder import read_json, write_json

RUNNING = "RUNNING"
ANSWER_SECONDS = 60.0
"""For a command of Slurm to answer."""
ARRAY = re.compile(r"(\d+)_\[([\d,\-]+)(?:%\d+)?\]")


class SlurmTicket(NamedTuple):
    """A submitted job, as it is kept in the run's folder. log: the file with its output."""

    job: str
    log: str


def ticket_of(folder: Path) -> SlurmTicket | None:
    """The ticket in a run's folder; None where there is none or it is damaged."""
    found = read_json(_path(folder))
    job, log = found.get("job"), found.get("log")
    return SlurmTicket(job, log) if isinstance(job, str) and isinstance(log, str) else None


def keep_ticket(folder: Path, ticket: SlurmTicket) -> None:
    """Raises RunFault where it cannot be written."""
    write_json(_path(folder), ticket._asdict())


def _path(folder: Path) -> Path:
    return folder / "slurm.json"


def queued() -> dict[str, str] | None:
    """The state of each of this user's jobs in the queue, by id (ARRAY_TASK); None where Slurm does not answer."""
    command = ["squeue", "--noheader", "--user", getpass.getuser(), "--format", "%i|%T"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parsed(done.stdout) if done.returncode == 0 else None


def parsed(lines: str) -> dict[str, str]:
    """The states in squeue's lines `ID|STATE`; tasks that have not started are listed together: 12_[3-5,8%2]."""
    states: dict[str, str] = {}
    for line in lines.splitlines():
        name, _, state = line.strip().partition("|")
        if waiting := ARRAY.fullmatch(name):
            states |= {f"{waiting[1]}_{task}": state for task in tasks(waiting[2])}
        elif name:
            states[name] = state
    return states


def tasks(ranges: str) -> list[int]:
    """The numbers of "3-5,8"."""
    found: list[int] = []
    for part in ranges.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def cancel(jobs: list[str]) -> None:
    """Removes jobs from the queue, those that are running too."""
    if jobs:
        subprocess.run(["scancel", *jobs], capture_output=True, timeout=ANSWER_SECONDS)
