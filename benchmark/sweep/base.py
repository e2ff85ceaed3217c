"""What all launchers of sweeps share: jobs are checked, finished ones skipped, the rest executed, and outcomes told."""

import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, final

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from benchmark.common.errors import ConfigFault, RunFault
from benchmark.config.compose import Composer
from benchmark.config.hydra_internals import is_grid
from benchmark.config.typed import requoted
from benchmark.process.signals_and_log import signals_as_exits
from benchmark.process.terminal import Console, Quiet, of_sweep
from benchmark.results.run_folder import RunFolder
from benchmark.results.run_id import RunId
from benchmark.results.wandb_sync import sync_line
from benchmark.same_data import StoredJobs
from benchmark.stored import StoredRuns
from benchmark.sweep.checking import STEPS, Checking
from benchmark.sweep.collisions import Jobs
from benchmark.sweep.job_checks import ToCheck, job_checks
from benchmark.sweep.jobs import Job, Outcome, settings
from benchmark.sweep.returns import returns

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
QUIET = Quiet()
OF_SWEEPS_ONLY = ("hydra/launcher", "hydra.launcher", "hydra.mode", "hydra.sweep", "hydra/sweeper")


class SweepLauncher(Launcher, ABC):
    """A Hydra launcher that executes runs as processes, each with this program's own command line.

    threads: CPU threads of each job.
    """

    def __init__(self, threads: int):
        self._threads = threads
        self._config: DictConfig | None = None

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self._config = config
        job_checks().prepare()

    @final
    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Executes the jobs, and returns the primary metric of each on the validation split; see `returns`.

        Raises ConfigFault with the faults of all jobs before the first starts. Under Hydra's own sweeper, which takes
        no results, returns nothing, and exits with code 1 if a job failed; another one decides what becomes of its
        search.
        """
        found, outcomes = self.carried_out(composer_of(self.config), job_overrides)
        failed = summarise(outcomes)
        if is_grid(self.config.hydra.sweeper._target_):
            if failed:
                sys.exit(1)
            return []
        return returns(job_overrides, found.addresses, outcomes)

    @final
    def carried_out(
        self, composer: Composer, job_overrides: Sequence[Sequence[str]]
    ) -> tuple["SweepPlan", list[Outcome]]:
        """The plan of the jobs, and how those ended that had to be executed or could not be.

        Raises ConfigFault with the faults of all jobs before the first starts.
        """
        with of_sweep(self.config.progress) as console:
            found = plan(composer, job_overrides, self._knobs(), console)
        given_twice(found, len(job_overrides))
        print(*(f"{line}\n" for line in settings(found.addresses, job_overrides)), sep="", end="", flush=True)
        jobs = self.jobs(composer, found.todo)
        if skipped := len(found.finished):
            print(f"{skipped} of {skipped + len(jobs)} runs finished before, skipped", flush=True)
        for remark in found.not_compared:
            print(f"some of them {remark}", flush=True)
        refuse_read_only({Path(job.address.root, job.address.study) for job in jobs})
        with of_sweep(self.config.progress) as console, signals_as_exits():
            outcomes = self.execute(jobs, console)
        return found, [*found.unusable, *outcomes]

    @abstractmethod
    def places(self, accelerator: str) -> int:
        """How many jobs are executed at once. accelerator: that of the trainer."""

    @abstractmethod
    def execute(self, jobs: Sequence[Job], console: Console) -> list[Outcome]:
        """Runs all jobs and returns how those that ended ended. console: where progress is shown."""

    @property
    def config(self) -> DictConfig:
        """The composed configuration of the sweep, with its `hydra` node."""
        assert self._config is not None
        return self._config

    def _knobs(self) -> Any:
        return OmegaConf.to_container(self.config.hydra.launcher, resolve=True)

    def environment(self) -> dict[str, str]:
        """Environment variables of every job: its threads, and where its modules are found."""
        return dict.fromkeys(THREADS, str(self._threads)) | {
            "PYTHONPATH": os.pathsep.join(os.path.abspath(folder) for folder in sys.path)  # noqa: PTH100 - "" is here
        }

    @final
    def jobs(self, composer: Composer, todo: Sequence[tuple[RunId, Sequence[str]]]) -> list[Job]:
        """The jobs of runs, given with their overrides, as `execute` takes them."""
        typed = self.config.hydra.overrides.hydra
        of_a_job = [text for text in typed if not text.lstrip("+~").startswith(OF_SWEEPS_ONLY)]
        ours = [*of_a_job, "progress=false", f"threads={self._threads}"]
        folder = command_line_folder(self.config)
        start = [*command(), *([f"--config-dir={folder}"] if folder else [])]
        return [
            Job(
                address,
                [*start, *(requoted(composer, text) for text in overrides), *ours],
                composer.job(overrides).trainer.devices,
            )
            for address, overrides in todo
        ]


def command() -> list[str]:
    """The command that starts a job. -P: modules in the current folder must not shadow its packages."""
    return [sys.executable, "-P", "-m", "benchmark.run"]


def command_line_folder(config: DictConfig) -> str | None:
    """The folder given as --config-dir."""
    found = [source.path for source in config.hydra.runtime.config_sources if source.provider == "command-line"]
    return found[0] if found else None


def composer_of(config: DictConfig) -> Composer:
    """A Composer with the sources of a composed configuration, which has its `hydra` node."""
    search = [text for text in config.hydra.overrides.hydra if text.startswith("hydra.searchpath")]
    return Composer(command_line_folder(config), search)


class SweepPlan(NamedTuple):
    """The jobs of a sweep. addresses: of all, in their order. todo: those without a record, with their overrides.
    finished: those with one. not_compared: reasons why the data of finished runs could not be compared with the present
    data. unusable: those whose folder has to be deleted first. configs: of todo, by folder. twice: the number of exact
    duplicates.
    """

    addresses: list[RunId]
    todo: list[tuple[RunId, Sequence[str]]]
    finished: list[RunId]
    not_compared: list[str]
    unusable: list[Outcome]
    configs: Mapping[Path, DictConfig]
    twice: int


def plan(
    composer: Composer, job_overrides: Sequence[Sequence[str]], knobs: Mapping[str, Any], console: Console = QUIET,
    writes: bool = True,
) -> SweepPlan:  # fmt: skip
    """Plans a sweep. knobs: the launcher's, with its class as `_target_`; empty for launchers of others. console: shows
    the progress. writes: whether fingerprints of data may be stored. Raises ConfigFault with the faults of all jobs.
    """
    addresses: list[RunId] = []
    todo: list[tuple[RunId, Sequence[str]]] = []
    finished: list[RunId] = []
    configs: dict[Path, DictConfig] = {}
    known: dict[Path, dict[str, Any]] = {}
    unusable: list[Outcome] = []
    jobs, stored, runs = Jobs(), StoredJobs(writes), StoredRuns()
    checking = Checking(console, len(job_overrides))
    refused: list[str] = []
    checks = job_checks()
    for overrides, config, values in composed(composer, job_overrides, checking, refused):
        address = runs.address(composer.address(config, values=values), config)
        addresses.append(address)
        if not jobs.is_new(address.folder, overrides, values):
            checking.step(STEPS)
        elif fault := RunFolder(address.folder).unusable():
            unusable.append(Outcome(Job(address, []), 1, 0.0, fault))
            checking.step(STEPS)
        elif stored.is_finished(config, address):
            finished.append(address)
            checking.step(STEPS)
        else:
            checks.prepare()
            todo.append((address, overrides))
            configs[address.folder], known[address.folder] = config, values
            checking.step()
    faults = [*refused, *jobs.faults(), *stored.faults()]
    if todo:
        found = checks.faults(ToCheck(configs, known, knobs), checking.step)
        of_jobs = [f"{address.name}: {fault}" for address, _ in todo for fault in found.jobs[address.folder]]
        faults += [*found.launcher, *of_jobs]
    if faults:
        raise ConfigFault(list(dict.fromkeys(faults)))
    return SweepPlan(addresses, todo, finished, list(stored.not_compared), unusable, configs, jobs.twice)


def composed(
    composer: Composer, job_overrides: Sequence[Sequence[str]], checking: Checking, refused: list[str]
) -> Iterator[tuple[Sequence[str], DictConfig, dict[str, Any]]]:
    """The jobs with their configurations and `plain` of these. Faults of those that cannot be composed are appended to
    `refused`.
    """
    for overrides in job_overrides:
        try:
            yield overrides, composer.job(overrides), composer.values(overrides)
        except ConfigFault as fault:
            refused += fault.faults
            checking.step(STEPS)


def refuse_read_only(studies: Iterable[Path]) -> None:
    """Raises RunFault where runs that are not finished lie in a study that cannot be written."""
    if closed := [str(study) for study in sorted(studies) if study.is_dir() and not os.access(study, os.W_OK)]:
        raise RunFault(
            f"{', '.join(closed)} cannot be written, and not all of its runs are finished. Change its rights, or name "
            "another place: study=NAME, runs=FOLDER"
        )


def given_twice(found: SweepPlan, jobs: int) -> None:
    """Prints how many of the jobs were given twice, if any."""
    if found.twice:
        print(f"{found.twice} of {jobs} jobs were given twice, and are run once", flush=True)


def summarise(outcomes: Sequence[Outcome]) -> int:
    """Prints the outcomes of the jobs and their studies; returns the number of failed ones."""
    failed = [outcome for outcome in outcomes if outcome.code != 0]
    if outcomes:
        studies = {Path(o.job.address.root, o.job.address.study) for o in outcomes}
        places = ", ".join(sorted(map(str, studies)))
        summary = f"{len(outcomes) - len(failed)} runs finished, {len(failed)} failed; all in {places}"
        print(summary, flush=True)
        if line := sync_line(studies):
            print(line, flush=True)
    for outcome in failed:
        log = RunFolder(outcome.job.address.folder).log
        print(f"failed: {outcome.job.address.name}: {outcome.message} (log: {log})", file=sys.stderr, flush=True)
    return len(failed)
