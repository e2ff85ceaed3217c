"""A job of a sweep, and how it ended."""

from collections.abc import Sequence
from typing import NamedTuple

from benchmark.results.run_id import RunId


class Job(NamedTuple):
    """A run to start: its identity, and the command line that starts it."""

    address: RunId
    arguments: Sequence[str]


class Outcome(NamedTuple):
    """How a job ended. code: exit code, negative for the signal that killed it; message: "" if it finished."""

    job: Job
    code: int
    seconds: float
    message: str
