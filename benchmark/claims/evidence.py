"""The runs of a claim: which there have to be, which are there, and what they say."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, final

from benchmark.claims.claim import FOLDER, SurveyClaim, own_study
from benchmark.claims.measure.base import PURE, ArmScores, EvidenceError, NumberScale
from benchmark.claims.rule.base import ClaimPart
from benchmark.config.compose import Composer
from benchmark.report.read.folders import Finished, RunFolderName, Unfinished
from benchmark.report.read.runs import read_run
from benchmark.report.sections.facts import hardware
from benchmark.results.run_id import RunId
from benchmark.stored import StoredRuns

DATA = re.compile(r"[+~]*(data|experiment)\b")
"""An override that chooses data, or may."""


class ClaimRun(NamedTuple):
    """A run of a claim. epochs: of its training. overrides: those that make it."""

    arm: str
    address: RunId
    epochs: int
    overrides: tuple[str, ...]


@final
@dataclass(frozen=True)
class ClaimEvidence:
    """A claim on one of its tasks.

    runs: all that it needs. finished: those that are there, by arm. scores: by arm, where all its seeds are there.
    parts: what the rule says of them; empty while an arm lacks a seed. fault: why the runs that are there say nothing,
    "" otherwise.
    """

    claim: SurveyClaim
    task: str
    runs: tuple[ClaimRun, ...]
    finished: Mapping[str, tuple[Finished, ...]]
    scores: Mapping[str, ArmScores]
    parts: tuple[ClaimPart, ...]
    scale: NumberScale
    fault: str

    @property
    def lacking(self) -> list[ClaimRun]:
        """The runs that are not there."""
        there = {run.address.folder for runs in self.finished.values() for run in runs}
        return [run for run in self.runs if run.address.folder not in there]

    @property
    def images(self) -> int:
        """Test images of an arm; 0 without a run."""
        return max((run.test_images for runs in self.finished.values() for run in runs), default=0)


@final
class EvidenceFinder:
    """Finds the runs of claims. study, runs: where they are, unless an arm names a study of its own. folders: of data,
    by name.
    """

    def __init__(self, composer: Composer, study: str, runs: str, folders: Mapping[str, str]):
        self._composer, self._stored = composer, StoredRuns()
        self._study, self._runs, self._folders = study, runs, folders
        self._known: dict[tuple[str, ...], tuple[RunId, int]] = {}

    def gather(self, claims: Sequence[SurveyClaim]) -> list[ClaimEvidence]:
        """All claims on all their tasks; each record is read once. Raises ConfigFault for overrides that cannot be
        composed.
        """
        read: dict[Path, Finished | Unfinished] = {}
        return [self._of(claim, task, read) for claim in claims for task in claim.tasks]

    def _of(self, claim: SurveyClaim, task: str, read: dict[Path, Finished | Unfinished]) -> ClaimEvidence:
        runs = tuple(self._run(claim, task, arm, seed) for arm in claim.arms for seed in range(claim.seeds))
        for address in (run.address for run in runs if run.address.folder not in read):
            read[address.folder] = read_run(named(address))
        finished = {
            arm: tuple(
                found
                for run in runs
                if run.arm == arm and isinstance(found := read[run.address.folder], Finished)
                and found.record.get("config_hash") == run.address.config_hash
            )
            for arm in claim.arms
        }  # fmt: skip
        return judgeable(ClaimEvidence(claim, task, runs, finished, {}, (), PURE, ""))

    def _run(self, claim: SurveyClaim, task: str, arm: str, seed: int) -> ClaimRun:
        texts = tuple(self._placed(text) for text in [*claim.overrides(task, arm), f"seed={seed}"])
        address, epochs = self._identified(texts)
        others = (text for text in texts if not text.startswith(("study=", "runs=")))
        return ClaimRun(arm, address, epochs, (*others, f"study={address.study}", f"runs={address.root}"))

    def _identified(self, texts: tuple[str, ...]) -> tuple[RunId, int]:
        """The identity of a run and its epochs; claims have many runs in common.

        Where it lies is set afterwards: to compose takes a second, and is then the same for any folder.
        """
        if texts not in self._known:
            config = self._composer.job(texts)
            found = self._composer.address(config, values=self._composer.values(texts))
            here = found.study if own_study(texts) else self._study
            address = self._stored.address(found._replace(root=self._runs, study=here), config)
            self._known[texts] = address, config.trainer.max_epochs
        return self._known[texts]

    def _placed(self, text: str) -> str:
        """An override with the folders of data in place of their names; "." for one that is not given, which does not
        change which run it is.
        """
        return FOLDER.sub(lambda match: self._folders.get(match[1], "."), text)


def judgeable(found: ClaimEvidence) -> ClaimEvidence:
    """With the scores of the arms whose seeds are all there, and with what the rule says where all arms are."""
    claim = found.claim
    complete = {arm: runs for arm, runs in found.finished.items() if len(runs) == claim.seeds}
    try:
        refuse_other_images(found, complete)
        if claim.measure.depends_on_machine:
            refuse_other_machines([run for runs in complete.values() for run in runs])
        scores = {arm: claim.measure.score(runs) for arm, runs in complete.items()}
        scale = next((claim.measure.scale(runs) for runs in complete.values()), PURE)
        parts = tuple(claim.rule.parts(scores)) if len(complete) == len(claim.arms) else ()
    except (EvidenceError, ValueError) as fault:
        return replace(found, fault=str(fault))
    return replace(found, scores=scores, scale=scale, parts=parts)


def refuse_other_images(found: ClaimEvidence, complete: Mapping[str, Sequence[Finished]]) -> None:
    """Raises EvidenceError where the seeds of an arm, or arms that choose the same data, were tested on different
    images: a folder of data is no part of which run it is.
    """
    tested: dict[tuple[str, ...], Finished] = {}
    for arm, runs in complete.items():
        data = tuple(text for text in found.claim.overrides(found.task, arm) if DATA.match(text))
        for run in runs:
            one = tested.setdefault(data, run)
            if tested_on(one) != tested_on(run):
                raise EvidenceError(
                    f"{one.address.folder} and {run.address.folder} were tested on different images "
                    f"({', '.join(each.record['origin'] for each in (one, run))} data). Give all runs the same folder "
                    "of data, and remove those of the other one"
                )


def refuse_other_machines(runs: Sequence[Finished]) -> None:
    """Raises EvidenceError where runs whose speeds are compared are of different machines."""
    found = sorted({hardware(run) for run in runs})
    if len(found) > 1:
        raise EvidenceError(f"it compares speeds, and its runs are of different hardware: {'; '.join(found)}")


def tested_on(run: Finished) -> tuple[str, object]:
    """Which images a run was tested on, and whether they are real."""
    return run.fingerprint, run.record["origin"]


def named(address: RunId) -> RunFolderName:
    """A run's folder as the report reads it."""
    return RunFolderName(address.folder, address.attention, address.data, address.seed, address.setting)
