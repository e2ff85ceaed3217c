"""The progress of the checks before a sweep, shown where they take long."""

import time
from typing import final

from rich.console import RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table

from benchmark.process.terminal import Console, Progress

QUIET_SECONDS = 2.0
"""Checks that take less show nothing."""

STEPS = 2
"""Steps of a job: it is composed, then its parts are built. A finished one takes both at once."""


@final
class Share(Progress):
    """The share of all steps that is done, in [0, 1], under a heading."""

    def __init__(self, heading: str, share: float):
        self._heading, self._share = heading, share

    def text(self) -> str:
        return f"{self._heading} {100 * self._share:.0f} %"

    def drawn(self) -> RenderableType:
        row = Table.grid(padding=(0, 2))
        row.add_row(self._heading, ProgressBar(total=1.0, completed=self._share, width=40))
        return row


@final
class Checking:
    """Counts the steps of all jobs and shows them on a console."""

    def __init__(self, console: Console, jobs: int):
        self._console, self._jobs, self._done = console, jobs, 0
        self._since = time.monotonic()

    def step(self, steps: int = 1) -> None:
        """Some steps of a job are done."""
        self._done += steps
        if time.monotonic() - self._since >= QUIET_SECONDS:
            self._console.now(Share("checked", self._done / (STEPS * self._jobs)))
