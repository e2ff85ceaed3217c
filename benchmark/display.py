"""What a sweep shows while it runs: each running job with its epoch and the time it needs, and the sweep as a whole."""

import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import IO, Any, NamedTuple, TextIO, final

from rich.console import Console as Terminal
from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from benchmark.console import span
from benchmark.folder import RunFolder, read_json
from benchmark.headline import Headline

PLAIN_SECONDS = 20.0
"""Between two lines of how far a sweep is, where the terminal can't show it all the time."""


class Running(NamedTuple):
    """A job at work. said: what it prints."""

    name: str
    folder: RunFolder
    process: "subprocess.Popen[bytes]"
    since: float
    said: IO[bytes]

    def status(self) -> dict[str, Any]:
        """What the job says of itself; empty until it has said something: an earlier try's status does not count."""
        status = read_json(self.folder.status)
        return status if status.get("pid") == self.process.pid else {}


@final
class Pace:
    """How long the rest of a sweep will take, judged by its ended and its running jobs."""

    def __init__(self, total: int, slots: int):
        self.total, self.done, self.failed = total, 0, 0
        self._slots, self._took = slots, list[float]()

    def ended(self, seconds: float, failed: bool) -> None:
        self.done += 1
        self.failed += failed
        if not failed:
            self._took.append(seconds)

    def left(self, running: Sequence[tuple[float, float | None]], waiting: int) -> float | None:
        """Seconds; None while nothing is known. running: of each job, its seconds so far and those it says are left."""
        known = [so_far + left for so_far, left in running if left is not None]
        samples = self._took + known
        if not samples:
            return None
        typical = sum(samples) / len(samples)
        rest = [max(0.0, typical - so_far) if left is None else left for so_far, left in running]
        return max([(sum(rest) + waiting * typical) / self._slots, *rest])


class Display(ABC):
    """Told of every start and end, and ten times a second of what runs."""

    @abstractmethod
    def started(self, job: Running) -> None: ...

    @abstractmethod
    def ended(self, job: Running, seconds: float, message: str) -> None:
        """message: why it failed, "" where it finished."""

    @abstractmethod
    def elsewhere(self, job: Running) -> None:
        """Another process is at work on the job's run; it is waited for."""

    @abstractmethod
    def tick(self, running: Sequence[Running], waiting: int) -> None: ...

    @abstractmethod
    def close(self) -> None: ...


@final
class Lines(Display):
    """For a file or a pipe: a line for each start and end, and now and then one for the whole."""

    def __init__(self, pace: Pace, out: TextIO):
        self._pace, self._out, self._told = pace, out, time.monotonic()
        self._begun = 0

    def started(self, job: Running) -> None:
        self._begun += 1
        self._print(f"run {self._begun} of {self._pace.total} started: {job.name}")

    def ended(self, job: Running, seconds: float, message: str) -> None:
        self._pace.ended(seconds, bool(message))
        self._print(f"{self._pace.done} of {self._pace.total} runs done: {ending(job, seconds, message)}")

    def elsewhere(self, job: Running) -> None:
        self._begun -= 1
        self._print(waited_for(job))

    def tick(self, running: Sequence[Running], waiting: int) -> None:
        if time.monotonic() - self._told < PLAIN_SECONDS:
            return
        views = [view(job) for job in running]
        left = self._pace.left([(v.seconds, v.left) for v in views], waiting)
        jobs = "; ".join(f"{v.name} {v.doing}" for v in views)
        self._print(f"{self._pace.done} of {self._pace.total} runs done, {span(left)} left. {jobs}")

    def close(self) -> None: ...

    def _print(self, text: str) -> None:
        self._told = time.monotonic()
        print(text, file=self._out, flush=True)


@final
class Screen(Display):
    """For a person at a terminal: what ended scrolls up, what runs stays below with its bars."""

    def __init__(self, pace: Pace, terminal: Terminal):
        self._pace, self._terminal, self._drawn = pace, terminal, 0.0
        self._live = Live(console=terminal, auto_refresh=False, transient=True)
        self._live.start()

    def started(self, job: Running) -> None: ...

    def ended(self, job: Running, seconds: float, message: str) -> None:
        self._pace.ended(seconds, bool(message))
        self._terminal.print(Text(("✗ " if message else "✓ ") + ending(job, seconds, message),
                                  style="red" if message else "green"))  # fmt: skip

    def elsewhere(self, job: Running) -> None:
        self._terminal.print(Text(waited_for(job)))

    def tick(self, running: Sequence[Running], waiting: int) -> None:
        if time.monotonic() - self._drawn < 0.5:
            return
        self._drawn = time.monotonic()
        views = [view(job) for job in running]
        table = Table.grid(padding=(0, 2))
        for v in views:
            table.add_row(v.name, ProgressBar(total=1.0, completed=v.share, width=24), v.doing)
        left = self._pace.left([(v.seconds, v.left) for v in views], waiting)
        failed = f", {self._pace.failed} failed" if self._pace.failed else ""
        share = (self._pace.done + sum(v.share for v in views)) / max(1, self._pace.total)
        whole = Table.grid(padding=(0, 2))
        bar = ProgressBar(total=1.0, completed=share, width=40)
        whole.add_row(f"{self._pace.done} of {self._pace.total} runs{failed}", bar, f"{span(left)} left")
        self._live.update(Group(table, whole), refresh=True)

    def close(self) -> None:
        self._live.stop()


class View(NamedTuple):
    """A running job as shown. share: of its steps done, in [0, 1]; left: seconds, None where unknown."""

    name: str
    share: float
    doing: str
    seconds: float
    left: float | None


def view(job: Running) -> View:
    status = job.status()
    steps, left = status.get("steps") or 0, status.get("seconds_left")
    share = min(1.0, status.get("step", 0) / steps) if steps else 0.0
    if status.get("message") == "training" and steps:
        doing = f"epoch {status['epoch']} of {status['epochs']}, {span(left)} left"
    else:
        doing = str(status.get("message") or ("finishing" if status else "starting"))
    return View(job.name, share, doing, time.monotonic() - job.since, left)


def waited_for(job: Running) -> str:
    return f"{job.name}: another process is at work on it, and is waited for"


def ending(job: Running, seconds: float, message: str) -> str:
    if message:
        return f"{job.name} failed: {message} (log: {job.folder.log})"
    record = read_json(job.folder.record)
    headline = Headline.of(record)
    value = headline.written(record["test"]["mean"][headline.key])
    return f"{job.name} finished in {span(seconds)}, test {headline.name} {value}"


def display(total: int, slots: int, progress: bool) -> Display:
    """The display that suits where this process writes to. progress: whether a person wants bars at all."""
    pace = Pace(total, slots)
    if progress and sys.stdout.isatty():
        return Screen(pace, Terminal())
    return Lines(pace, sys.stdout)
