"""The trials of one mechanism on one data set: an Optuna study, kept in a file of the study's folder."""

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, final

import optuna
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from benchmark.common.errors import ConfigFault, RunFault
from benchmark.results.primary_metric import Headline
from benchmark.results.run_folder import explained
from benchmark.results.run_id import digest
from benchmark.search.ranges import SearchRange
from benchmark.search.settings import SearchSettings, made

JOURNAL = "search.journal"
CURE = "Restore a copy, or delete it: the same trials are then proposed again, and finished runs are not repeated"
"""What to do about a damaged journal."""
PRUNED_AFTER, SECONDS, MESSAGE, FOLDERS = "pruned_after", "seconds", "message", "folders"
SECONDS_OF_RUNS = "seconds_of_runs"
"""Attributes of a trial: the epoch, from 1, after which it was pruned; seconds of its processes; why it failed; the
folders of its runs; the seconds by folder.
"""
ASKED = "asked"
"""The attribute of a study with what has to be the same when a search is continued."""


def journal(folder: Path) -> BaseStorage:
    """The storage in a study's folder, of which the caller holds the lock.

    Optuna's journal appends lines, and needs no locks of the file system. What a killed process left of a line, or as a
    lock, is removed. Raises RunFault for a damaged journal.
    """
    optuna.logging.set_verbosity(logging.WARNING)
    path = folder / JOURNAL
    with explained(path):
        Path(f"{path}.lock").unlink(missing_ok=True)
        if path.exists():
            with path.open("r+b") as file:
                *lines, last = file.read().split(b"\n")
                refuse_damaged(path, lines, last)
                file.truncate(file.tell() - len(last))
    try:
        return JournalStorage(JournalFileBackend(str(path), JournalFileSymlinkLock(str(path.absolute()))))
    except (KeyError, TypeError, ValueError, AssertionError) as error:  # a line that is no entry of Optuna's
        raise RunFault(f"{path} is damaged ({type(error).__name__}: {error}). {CURE}") from error


def refuse_damaged(path: Path, lines: Sequence[bytes], last: bytes) -> None:
    """Raises RunFault where a line of a journal is no entry. last: what follows the last whole line."""
    for number, line in enumerate(lines, 1):
        try:
            whole = isinstance(json.loads(line)["op_code"], int)
        except (ValueError, KeyError, TypeError, RecursionError):
            whole = False
        if not whole:
            raise RunFault(f"{path} is damaged in line {number}. {CURE}")
    if last and not last.startswith(b"{"):
        raise RunFault(f"{path} is damaged at its end. {CURE}")


@final
class TrialStudy:
    """The trials of a mechanism on a data set. headline: what is optimised, on the validation split.

    asked: what has to be the same when a search is continued. Raises ConfigFault where the storage has other values.
    """

    def __init__(
        self, storage: BaseStorage, mechanism: tuple[str, str], headline: Headline, ranges: Sequence[SearchRange],
        settings: SearchSettings, asked: Mapping[str, Any],
    ):  # fmt: skip
        self.mechanism, self.headline, self.ranges = mechanism, headline, ranges
        self._settings, self._storage = settings, storage
        direction = StudyDirection.MAXIMIZE if headline.higher_is_better else StudyDirection.MINIMIZE
        self.study = optuna.create_study(
            storage=storage, study_name="/".join(mechanism), direction=direction, load_if_exists=True,
            pruner=made(settings.pruner), sampler=made(settings.sampler, seed=0),
        )  # fmt: skip
        before = self.study.user_attrs.get(ASKED)
        if before is None:
            self.study.set_user_attr(ASKED, dict(asked))
        elif other := sorted(key for key in {*before, *asked} if before.get(key) != asked.get(key)):
            was = "; ".join(f"{key} was {before.get(key)} and is {asked.get(key)}" for key in other)
            raise ConfigFault(
                [f"{'/'.join(mechanism)}: this study holds a search of other settings: {was}. Give this one study=NAME"]
            )

    @property
    def name(self) -> str:
        return "/".join(self.mechanism)

    @property
    def trials(self) -> list[FrozenTrial]:
        """All trials, in the order of their proposals: the trial of number n is the n-th, from 0."""
        return self.study.get_trials(deepcopy=False)

    def of_state(self, state: TrialState) -> list[FrozenTrial]:
        """TrialState.RUNNING are those that were proposed and not concluded: their processes run, or have died."""
        return [trial for trial in self.trials if trial.state == state]

    def propose(self) -> int:
        """The number of a new trial. What it proposes follows from its number, the seed of proposals and the trials
        that ended before, so that a search that was killed goes on as it would have.
        """
        seed = int(digest([self._settings.proposals, len(self.trials)])[:8], 16)
        self.study.sampler = made(self._settings.sampler, seed=seed)
        return self.study.ask({each.knob: each.distribution for each in self.ranges}).number

    def report(self, number: int, epoch: int, value: float) -> None:
        """Stores the validation value of a running trial after an epoch, from 0."""
        self._storage.set_trial_intermediate_value(self._id(number), epoch, value)

    def would_prune(self, number: int) -> bool:
        """What the pruner says of a trial's last value."""
        return self.study.pruner.prune(self.study, self._storage.get_trial(self._id(number)))

    def note(self, number: int, key: str, value: Any) -> None:
        """Sets an attribute of a trial."""
        self._storage.set_trial_user_attr(self._id(number), key, value)

    def changes(self, number: int) -> list[str]:
        """The overrides of a trial's runs."""
        return [each.override(self.trials[number].params[each.knob]) for each in self.ranges]

    def best(self) -> FrozenTrial | None:
        """The finished trial with the best value, the earlier of equals; None without one."""
        found = self.of_state(TrialState.COMPLETE)
        sign = -1.0 if self.headline.higher_is_better else 1.0
        return min(found, key=lambda trial: sign * float(trial.value or 0.0), default=None)

    def _id(self, number: int) -> int:
        study = self._storage.get_study_id_from_name(self.name)
        return self._storage.get_trial_id_from_study_id_trial_number(study, number)
