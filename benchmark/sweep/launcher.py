"""The Hydra launcher of sweeps: checks all jobs, then runs those without a record in a process pool."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, final

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from benchmark.common.errors import ConfigFault
from benchmark.config.compose import Composer, plain
from benchmark.config.typed import requoted
from benchmark.process.signals_and_log import signals_as_exits
from benchmark.process.terminal import of_sweep
from benchmark.results.run_folder import RunFolder
from benchmark.results.run_id import RunId
from benchmark.results.wandb_sync import sync_line
from benchmark.same_data import StoredJobs
from benchmark.stored import StoredRuns
from benchmark.sweep.collisions import Jobs
from benchmark.sweep.display import Display, Pace
from benchmark.sweep.pool import Job, Outcome, Pool
from datamodules.ranges import Count, Natural

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
ONE_AFTER_ANOTHER = (
    "hydra/sweeper: a sweeper that optimises needs the result of each run, the primary metric on the validation split. "
    "Add hydra/launcher=basic, which returns it and executes one run after another"
)
OF_SWEEPS_ONLY = ("hydra/launcher", "hydra.launcher", "hydra.mode", "hydra.sweep", "hydra/sweeper")


@final
class PoolLauncher(Launcher):
    """Runs each job in a process of its own, so that jobs share no interpreter, device or logger.

    jobs: number at once, None to follow from GPUs or cores. threads: of each job. gpus: number to use, None for all.
    """

    def __init__(self, jobs: Count | None, threads: Count, gpus: Natural | None):
        self._jobs, self._threads, self._gpus = jobs, threads, gpus
        self._config: DictConfig | None = None

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self._config = config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Raises ConfigFault with the faults of all jobs before the first starts; exits with code 1 if a job failed."""
        assert self._config is not None
        if not self._config.hydra.sweeper._target_.endswith(".BasicSweeper"):
            raise ConfigFault([ONE_AFTER_ANOTHER])
        composer = composer_of(self._config)
        todo, skipped, not_compared, unusable = plan(composer, job_overrides, self._config.hydra.launcher)
        ours = [*self._hydra_overrides(), "progress=false", f"threads={self._threads}"]
        folder = command_line_folder(self._config)
        start = [*command(), *([f"--config-dir={folder}"] if folder else [])]
        jobs = [
            Job(address, [*start, *(requoted(composer, text) for text in overrides), *ours])
            for address, overrides in todo
        ]
        slots = self._slots(self._config.trainer.accelerator)[: max(1, len(jobs))]
        if skipped:
            print(f"{skipped} of {skipped + len(jobs)} runs finished before, skipped", flush=True)
        for remark in not_compared:
            print(f"some of them {remark}", flush=True)
        with of_sweep(self._config.progress) as console, signals_as_exits():
            outcomes = Pool(slots, Display(Pace(len(jobs), len(slots)), console)).run(jobs)
        if summarise([*unusable, *outcomes]):
            sys.exit(1)
        return []

    def _hydra_overrides(self) -> list[str]:
        """The overrides of Hydra's own knobs that apply to a single job too."""
        assert self._config is not None
        typed = self._config.hydra.overrides.hydra
        return [text for text in typed if not text.lstrip("+~").startswith(OF_SWEEPS_ONLY)]

    def _slots(self, accelerator: str) -> list[dict[str, str]]:
        gpus = [] if accelerator == "cpu" else visible_gpus()[: self._gpus]
        jobs = self._jobs or len(gpus) or max(1, len(os.sched_getaffinity(0)) // self._threads)
        environment = dict.fromkeys(THREADS, str(self._threads)) | {
            "PYTHONPATH": os.pathsep.join(os.path.abspath(folder) for folder in sys.path)  # noqa: PTH100 - "" is here
        }
        shares = [{"CUDA_VISIBLE_DEVICES": gpus[slot % len(gpus)]} if gpus else {} for slot in range(jobs)]
        return [environment | share for share in shares]


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
    """The jobs of a sweep. todo: those without a record, with their overrides. finished: number of those with one.
    not_compared: reasons why the data of finished runs could not be compared with the present data. unusable: those
    whose folder has to be deleted first.
    """

    todo: list[tuple[RunId, Sequence[str]]]
    finished: int
    not_compared: list[str]
    unusable: list[Outcome]


def plan(composer: Composer, job_overrides: Sequence[Sequence[str]], pool: Mapping[str, Any]) -> SweepPlan:
    """Plans a sweep. pool: the launcher's knobs. Raises ConfigFault with the faults of all jobs."""
    todo: list[tuple[RunId, Sequence[str]]] = []
    configs: dict[Path, DictConfig] = {}
    unusable: list[Outcome] = []
    jobs, stored, runs = Jobs(), StoredJobs(), StoredRuns()
    for overrides in job_overrides:
        config = composer.job(overrides)
        address, values = runs.address(composer.address(config), config), plain(config)
        if not jobs.is_new(address.folder, overrides, values):
            continue
        if fault := RunFolder(address.folder).unusable():
            unusable.append(Outcome(Job(address, []), 1, 0.0, fault))
        elif not stored.is_finished(config, address):
            todo.append((address, overrides))
            configs[address.folder] = config
    faults = [*jobs.faults(), *stored.faults()]
    if todo:
        from benchmark.config.check import argument_faults
        from benchmark.sweep.planning import job_faults  # imports every part it checks, PyTorch with them

        faults += [f"{knob}: {message}" for knob, message in argument_faults("hydra.launcher", pool, PoolLauncher)]
        found = job_faults(configs)
        faults += [f"{address.name}: {fault}" for address, _ in todo for fault in found[address.folder]]
    if faults:
        raise ConfigFault(list(dict.fromkeys(faults)))
    if jobs.twice:
        print(f"{jobs.twice} of {len(job_overrides)} jobs were given twice, and are run once", flush=True)
    return SweepPlan(todo, stored.finished, list(stored.not_compared), unusable)


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


def visible_gpus() -> list[str]:
    """The GPUs that this process may use, as in CUDA_VISIBLE_DEVICES; found without loading CUDA."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [name for name in named.split(",") if name not in ("", "-1")]
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [str(number) for number in range(sum(line.startswith("GPU ") for line in listed.stdout.splitlines()))]
