"""Checks the jobs of a sweep in this process, or in another that imports PyTorch while this one composes the jobs."""

import multiprocessing
import os
import signal
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple, final

from omegaconf import DictConfig

from benchmark.common.lightning_import import import_lightning
from benchmark.process.parent import end_with

Checked = Callable[[], object]


class ToCheck(NamedTuple):
    """What is checked. jobs: configurations by folder. known: `plain` of these. launcher: its knobs, with its class as
    `_target_`; empty for launchers of others.
    """

    jobs: Mapping[Path, DictConfig]
    known: Mapping[Path, Mapping[str, Any]]
    launcher: Mapping[str, Any]


class Faults(NamedTuple):
    """The faults of a launcher's knobs, and those of each job, by its folder."""

    launcher: list[str]
    jobs: dict[Path, list[str]]


def check(given: ToCheck, checked: Checked) -> Faults:
    """The faults of a sweep. checked: called after each job."""
    import_lightning()
    from benchmark.sweep.planning import job_faults, launcher_faults  # imports every part it checks

    return Faults(launcher_faults(given.launcher), job_faults(given.jobs, checked, given.known))


class JobChecks(ABC):
    """Checks the jobs of sweeps."""

    @abstractmethod
    def prepare(self) -> None:
        """Says that there will be something to check, the sooner the better; may be called again."""

    @abstractmethod
    def faults(self, given: ToCheck, checked: Checked) -> Faults:
        """The faults of a sweep, after `prepare`. checked: called after each job."""


@final
class InThisProcess(JobChecks):
    """For a process that has imported PyTorch."""

    def prepare(self) -> None:
        pass

    def faults(self, given: ToCheck, checked: Checked) -> Faults:
        return check(given, checked)


@final
class InAnother(JobChecks):
    """In a process that imports PyTorch and Lightning, some five seconds of work, while this one goes on. It stays for
    further sweeps, as a sweeper that optimises starts them, and ends with this one.
    """

    def __init__(self) -> None:
        self._started: tuple[multiprocessing.process.BaseProcess, Connection] | None = None

    def prepare(self) -> None:
        if self._started:
            return
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        process = context.Process(target=_answer, args=(there, os.getpid()), daemon=True)
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # inherited: this process tells interruptions
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        there.close()
        self._started = process, here

    def faults(self, given: ToCheck, checked: Checked) -> Faults:
        """If the other process ends without an answer, the jobs are checked in this one, which raises its error."""
        assert self._started is not None, "not prepared"
        _, other = self._started
        with suppress(EOFError, OSError):
            other.send(given)
            while not isinstance(answer := other.recv(), Faults):
                checked()
            return answer
        self.end()
        return check(given, lambda: None)  # the steps before the end have been counted

    def end(self) -> None:
        """Ends the other process, if it has started."""
        if self._started:
            process, here = self._started
            self._started = None
            here.close()
            process.kill()
            process.join()


def _answer(there: Connection, parent: int) -> None:
    """What the other process does: it imports, waits for jobs, and answers. parent: the process it ends with."""
    end_with(parent)
    with suppress(Exception):  # the process that waits for an answer then checks itself, and raises it
        import_lightning()
        import benchmark.sweep.planning  # noqa: F401 - so that it is imported when the jobs come

        while True:
            there.send(check(there.recv(), partial(there.send, None)))


OTHER = InAnother()


def job_checks() -> JobChecks:
    """In this process where it has imported PyTorch, else in another, of which there is one."""
    return InThisProcess() if "torch" in sys.modules else OTHER


def faults_of_one(folder: Path, config: DictConfig) -> list[str]:
    """The faults of a run that this process will execute."""
    return check(ToCheck({folder: config}, {}, {}), lambda: None).jobs[folder]
