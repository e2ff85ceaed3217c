"""Watches running trials, and stops the runs of those that are pruned."""

import os
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import NamedTuple, final

from benchmark.process.terminal import Console, Progress
from benchmark.results.run_folder import RunFolder, read_json
from benchmark.search.judging import pruned_after
from benchmark.search.trial_studies import TrialStudy
from benchmark.sweep.slurm_queue import cancel, ticket_of


class RunningTrial(NamedTuple):
    """A trial whose runs are executed. folders: of its runs, one for each seed."""

    study: TrialStudy
    number: int
    folders: Sequence[RunFolder]

    @property
    def name(self) -> str:
        return f"trial {self.number + 1} of {self.study.name}"


@final
class TrialConsole(Console):
    """The console of a launcher, on which a run that was stopped by pruning is no failure, and no number of the test
    split is shown: who searches would choose by it.

    stopped: names of the runs that were stopped.
    """

    def __init__(self, console: Console):
        self._console = console
        self.stopped: set[str] = set()

    def line(self, text: str) -> None:
        self._console.line(text)

    def outcome(self, text: str, failed: bool) -> None:
        name = next((name for name in self.stopped if f" {name} failed:" in text), None)
        if name is None:
            self._console.outcome(text if failed else text.partition(", test ")[0], failed)
        else:
            self._console.line(f"{text.partition(f' {name} failed:')[0]} {name} stopped")

    def note(self, text: str) -> None:
        self._console.note(text)

    def now(self, progress: Progress) -> None:
        self._console.now(progress)

    def close(self) -> None: ...


@final
class Watch:
    """A context manager in which running trials are judged by a thread. The main thread must not use the studies."""

    def __init__(self, trials: Sequence[RunningTrial], warmup: float, seconds: float, console: TrialConsole):
        self._left, self._warmup, self._seconds, self._console = list(trials), warmup, seconds, console
        self._ended, self._fault = threading.Event(), list[BaseException]()
        self._thread = threading.Thread(target=self._guarded, daemon=True)
        self._deaf = False

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        if self._fault and error is None:
            raise self._fault[0]

    def _guarded(self) -> None:
        try:
            while not self._ended.wait(self._seconds):
                self.look()
        except BaseException as fault:  # re-raised where the main thread waits
            self._fault.append(fault)

    def look(self) -> None:
        """Judges each trial once, and stops the runs of those that are pruned."""
        for trial in list(self._left):
            epoch = pruned_after(trial.study, trial.number, trial.folders, self._warmup)
            if epoch is None:
                continue
            self._left.remove(trial)
            running = [folder for folder in trial.folders if not folder.record.exists()]
            self._console.stopped |= {folder.name for folder in running}
            self._console.line(f"{trial.name} is pruned after epoch {epoch}")
            if not all([stopped(folder) for folder in running]) and not self._deaf:
                self._deaf = True
                self._console.line("runs on other machines cannot be stopped from here: pruned trials go on")


def stopped(folder: RunFolder, kill: Callable[[int, int], None] = os.kill) -> bool:
    """Stops the process of a run, if it can be reached: by a signal on this machine, by scancel in a Slurm cluster.
    False where it is on another machine. A run that is not executed counts as stopped.
    """
    status = read_json(folder.status)
    if status.get("state") != "running" or folder.holding() == "free":
        return True
    if (ticket := ticket_of(folder.path)) is not None and status.get("host") != socket.gethostname():
        cancel([ticket.job])
        return True
    if status.get("host") != socket.gethostname() or not isinstance(pid := status.get("pid"), int):
        return False
    try:
        kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return True
