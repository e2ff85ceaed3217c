"""The progress of a sweep: each running job with its epoch and remaining time, and the sweep as a whole."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, final

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table

from benchmark.common.errors import RunFault
from benchmark.process.terminal import Console, Progress, span
from benchmark.results.primary_metric import Headline
from benchmark.results.run_folder import RunFolder, read_json


class Running(NamedTuple):
    """A running job. since: `time.monotonic()` at its start. is_ours: whether a status is of this attempt."""

    name: str
    folder: RunFolder
    since: float
    is_ours: Callable[[Mapping[str, Any]], bool]

    def status(self) -> dict[str, Any]:
        """The job's status.json; empty until this attempt has written it, as an earlier one's does not count."""
        status = read_json(self.folder.status)
        return status if self.is_ours(status) else {}


@final
class Pace:
    """Estimates the remaining time of a sweep from its finished and running jobs."""

    def __init__(self, total: int, slots: int):
        self.total, self.done, self.failed = total, 0, 0
        self._slots, self._took = slots, list[float]()

    def ended(self, seconds: float, failed: bool) -> None:
        self.done += 1
        self.failed += failed
        if not failed:
            self._took.append(seconds)

    def left(self, running: Sequence[tuple[float, float | None]], waiting: int) -> float | None:
        """Remaining seconds; None while unknown. running: seconds so far and remaining (None: unknown) of each job."""
        known = [so_far + left for so_far, left in running if left is not None]
        samples = self._took + known
        if not samples:
            return None
        typical = sum(samples) / len(samples)
        rest = [max(0.0, typical - so_far) if left is None else left for so_far, left in running]
        return max([(sum(rest) + waiting * typical) / self._slots, *rest])


class View(NamedTuple):
    """A running job as displayed. share: fraction of steps done; left: remaining seconds, None where unknown."""

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


@final
class Overview(Progress):
    """Progress of the running jobs and of the sweep. waiting: the number of jobs that have not started."""

    def __init__(self, pace: Pace, running: Sequence[Running], waiting: int):
        self._pace, self._running, self._waiting = pace, running, waiting

    def text(self) -> str:
        views = [view(job) for job in self._running]
        jobs = "; ".join(f"{v.name} {v.doing}" for v in views)
        return f"{self._pace.done} of {self._pace.total} runs done, {self._left(views)} left. {jobs}"

    def drawn(self) -> RenderableType:
        views = [view(job) for job in self._running]
        table = Table.grid(padding=(0, 2))
        for v in views:
            table.add_row(v.name, ProgressBar(total=1.0, completed=v.share, width=24), v.doing)
        failed = f", {self._pace.failed} failed" if self._pace.failed else ""
        share = (self._pace.done + sum(v.share for v in views)) / max(1, self._pace.total)
        whole = Table.grid(padding=(0, 2))
        bar = ProgressBar(total=1.0, completed=share, width=40)
        whole.add_row(f"{self._pace.done} of {self._pace.total} runs{failed}", bar, f"{self._left(views)} left")
        return Group(table, whole)

    def _left(self, views: Sequence[View]) -> str:
        return span(self._pace.left([(v.seconds, v.left) for v in views], self._waiting))


@final
class Display:
    """Reports a sweep on a console: every start and end, and at each `tick` the progress."""

    def __init__(self, pace: Pace, console: Console):
        self._pace, self._console, self._begun = pace, console, 0

    def started(self, job: Running) -> None:
        self._begun += 1
        self._console.note(f"run {self._begun} of {self._pace.total} started: {job.name}")

    def ended(self, job: Running, seconds: float, message: str) -> None:
        """message: why the job failed, "" if it finished."""
        self._pace.ended(seconds, bool(message))
        done = f"{self._pace.done} of {self._pace.total} runs done"
        self._console.outcome(f"{done}: {ending(job, seconds, message)}", failed=bool(message))

    def elsewhere(self, job: Running) -> None:
        """Another process is executing the job's run; the sweep waits for it."""
        self._begun -= 1
        self._console.line(f"{job.name}: another process is executing it; waiting")

    def queued_again(self, job: Running) -> None:
        """A cluster stopped the job, and will start it once more."""
        self._begun -= 1
        self._console.line(f"{job.name}: stopped by the cluster and queued again; it resumes")

    def remark(self, text: str) -> None:
        self._console.line(text)

    def tick(self, running: Sequence[Running], waiting: int) -> None:
        self._console.now(Overview(self._pace, running, waiting))


def ending(job: Running, seconds: float, message: str) -> str:
    if message:
        return f"{job.name} failed: {message} (log: {job.folder.log})"
    finished, record = f"{job.name} finished in {span(seconds)}", read_json(job.folder.record)
    try:
        headline = Headline.of(record)
        return f"{finished}, test {headline.name} {headline.written(record['test']['mean'][headline.key])}"
    except (RunFault, KeyError, TypeError, ValueError):  # a rehearsal leaves none; a damaged one ends no sweep
        return f"{finished}, without a record"
