"""Carries out a search: proposes trials for every mechanism alike, has a launcher execute their runs, and concludes
them.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import final

from optuna.trial import TrialState

from benchmark.common.errors import ConfigFault, RunFault
from benchmark.config.compose import Composer
from benchmark.process.terminal import Console
from benchmark.results.run_folder import FREE_SPACE, RunFolder, read_json
from benchmark.results.run_id import RunId
from benchmark.search.judging import pruned_after
from benchmark.search.request import SearchRequest
from benchmark.search.trial_studies import FOLDERS, MESSAGE, SECONDS, SECONDS_OF_RUNS, TrialStudy
from benchmark.search.watching import RunningTrial, TrialConsole, Watch
from benchmark.sweep.base import SweepLauncher, plan
from benchmark.sweep.jobs import RESUMES, Outcome, note_failure


@final
class Searching:
    """A search in progress. together: trials of a mechanism that are proposed at once."""

    def __init__(
        self, request: SearchRequest, composer: Composer, launcher: SweepLauncher, studies: Sequence[TrialStudy],
        together: int,
    ):  # fmt: skip
        self._request, self._composer, self._launcher = request, composer, launcher
        self._studies, self._together = studies, together
        self._attempted: set[tuple[str, int]] = set()

    def run(self, console: Console) -> None:
        """Until every mechanism has its budget of trials. Trials whose runs were stopped from outside stay open."""
        while batch := self._batch():
            self._attempted |= {(study.name, number) for study, number in batch}
            self._execute(batch, TrialConsole(console))

    def _batch(self) -> list[tuple[TrialStudy, int]]:
        """The trials that come next: those that an earlier process left open, with the rest of their batch, or else
        the next ones. All mechanisms proceed alike.
        """
        left = [pair for study in self._studies for pair in self._open(study)]
        found = list(left)
        for study in self._studies:
            done = len(study.trials)
            batches = math.ceil(done / self._together) if left else done // self._together + 1
            upto = min(self._request.settings.budget, batches * self._together)
            found += [(study, study.propose()) for _ in range(done, upto)]
        return found

    def _open(self, study: TrialStudy) -> list[tuple[TrialStudy, int]]:
        numbers = [trial.number for trial in study.of_state(TrialState.RUNNING)]
        return [(study, number) for number in numbers if (study.name, number) not in self._attempted]

    def _execute(self, batch: Sequence[tuple[TrialStudy, int]], console: TrialConsole) -> None:
        trials, running = list[RunningTrial](), list[RunningTrial]()
        todo: dict[Path, tuple[RunId, Sequence[str]]] = {}
        warmup = self._request.settings.warmup
        for study, number in batch:
            if (planned := self._planned(study, number, console)) is None:
                continue
            trial, runs = planned
            trials.append(trial)
            if pruned_after(study, number, trial.folders, warmup) is None:
                running.append(trial)
                todo |= {address.folder: (address, overrides) for address, overrides in runs}
        outcomes: dict[Path, Outcome] = {}
        if todo:
            jobs = self._launcher.jobs(self._composer, list(todo.values()))
            with Watch(running, warmup, self._request.settings.poll_seconds, console):
                ended = self._launcher.execute(jobs, console)
            outcomes = {outcome.job.address.folder: outcome for outcome in ended}
        for trial in trials:
            conclude(trial, outcomes, warmup, console)
        if full := [outcome.message for outcome in outcomes.values() if FREE_SPACE in outcome.message]:
            raise RunFault(full[0])  # the next trials would end like these, and be proposed without their results

    def _planned(
        self, study: TrialStudy, number: int, console: Console
    ) -> tuple[RunningTrial, list[tuple[RunId, Sequence[str]]]] | None:
        """A trial, and those of its runs that are not finished; None for one that is impossible, which has failed."""
        changes = study.changes(number)
        try:
            found = plan(self._composer, self._request.of_runs(study.mechanism, changes), {})
        except ConfigFault as fault:
            study.note(number, MESSAGE, "; ".join(fault.faults))
            study.study.tell(number, state=TrialState.FAIL)
            console.outcome(f"trial {number + 1} of {study.name} failed: {'; '.join(fault.faults)}", failed=True)
            return None
        if found.unusable:
            raise RunFault("; ".join(outcome.message for outcome in found.unusable))
        addresses = [*found.finished, *(address for address, _ in found.todo)]
        folders = [RunFolder(address.folder) for address in sorted(addresses, key=lambda address: address.seed)]
        study.note(number, FOLDERS, [str(folder.path) for folder in folders])
        trial = RunningTrial(study, number, folders)
        console.note(f"{trial.name}: {' '.join(changes)}")
        return trial, found.todo


def conclude(trial: RunningTrial, outcomes: Mapping[Path, Outcome], warmup: float, console: Console) -> None:
    """Tells Optuna how a trial ended: pruned, finished with the mean validation value of its runs, or failed. One with
    a run that was stopped from outside, or by a full disk, stays open.
    """
    study, number = trial.study, trial.number
    seconds = seconds_of(trial, outcomes)
    study.note(number, SECONDS_OF_RUNS, seconds)
    study.note(number, SECONDS, sum(seconds.values()))
    ended = {folder: outcomes[folder.path].message for folder in trial.folders if folder.path in outcomes}
    failed = {folder: message for folder, message in ended.items() if message and not folder.record.exists()}
    if (epoch := pruned_after(study, number, trial.folders, warmup)) is not None:
        study.study.tell(number, state=TrialState.PRUNED)
        for folder in failed:
            note_failure(folder, f"pruned after epoch {epoch} by a search", state="interrupted", seconds_left=None)
    elif all(folder.record.exists() for folder in trial.folders):
        value = validation_of(trial)
        study.study.tell(number, value)
        console.line(f"{trial.name}: validation {study.headline.name} {study.headline.written(value)}")
    elif lasting := [each for each in failed.values() if RESUMES not in each and FREE_SPACE not in each]:
        study.note(number, MESSAGE, lasting[0])
        study.study.tell(number, state=TrialState.FAIL)


def validation_of(trial: RunningTrial) -> float:
    """The primary metric of the best checkpoint on the validation split, the mean over the trial's runs."""
    key = trial.study.headline.key
    values = [float(read_json(folder.record)["validation"][key]) for folder in trial.folders]
    return sum(values) / len(values)


def seconds_of(trial: RunningTrial, outcomes: Mapping[Path, Outcome]) -> dict[str, float]:
    """By folder, the seconds of the processes of a trial's runs, those of earlier attempts included as far as they are
    known; of a run that was finished before any of them, those of its training.
    """
    seconds = dict(trial.study.trials[trial.number].user_attrs.get(SECONDS_OF_RUNS, {}))
    for folder in trial.folders:
        name = str(folder.path)
        if folder.path in outcomes:
            seconds[name] = seconds.get(name, 0.0) + outcomes[folder.path].seconds
        elif name not in seconds and folder.record.exists():
            seconds[name] = float(read_json(folder.record)["cost"]["train_seconds"])
    return seconds
