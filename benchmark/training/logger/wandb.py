"""Logs a run to Weights & Biases."""

import contextlib
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, final

import wandb
from pytorch_lightning.loggers import Logger

from benchmark.common.errors import RunFault
from benchmark.results import vocabulary
from benchmark.results.primary_metric import Headline
from benchmark.results.run_folder import RunFolder, write_whole
from benchmark.results.run_id import RunId, digest, flatten
from benchmark.results.vocabulary import (
    BEST,
    MOST_OF_A_GROUP,
    MOST_OF_A_TAG,
    PICTURES,
    PRIMARY,
    RECORD,
    TEST,
    TRAIN,
    VAL,
    cut,
    named,
)
from benchmark.results.wandb_client import has_account, inside
from benchmark.results.words import MOST, as_overrides
from benchmark.training.logger.base import About, DrawingPlan, Example, Results, RunLog, replay, tested
from benchmark.training.logger.wandb_rows import Rows
from datamodules.ranges import Natural

FILES = {
    "none": (),
    "best": ("best", "predictions"),
    "all": ("best", "predictions", "last", "metrics", "config", "task", "symbols"),
}
"""Files of a run's folder that become an artifact, by the knob `artifacts`."""


@final
class WandbLog(RunLog):
    """One W&B run per run: config, metrics, pictures and the record. docs/vocabulary.md lists the names.

    mode: None takes WANDB_MODE; where that is not set, online with an account and offline without. every: epochs
    between two pictures of the same validation images, 0 for none. examples: most rows of the table of test images.
    artifacts: files that are kept in W&B too.

    Runs that differ in their seed alone are a group, and the study is their job type. A resumed run continues the same
    W&B run. The history of metrics.jsonl is logged again, and every row counts once. Online, the first rows are
    skipped: as many as the server has, since a resumed run repeats the same values. Offline there is no server to ask,
    and syncing two folders of one id would keep the last alone. So the new folder has the whole history, and the old
    one is removed.

    Raises RunFault where W&B cannot start the run.
    """

    def __init__(
        self, project: str, entity: str | None, mode: Literal["online", "offline", "disabled"] | None, every: Natural,
        examples: Natural, artifacts: Literal["none", "best", "all"],
    ):  # fmt: skip
        self._project, self._entity, self._files = project, entity, FILES[artifacts]
        self._mode: Any = mode or os.environ.get("WANDB_MODE") or ("online" if has_account() else "offline")
        self.wanted = DrawingPlan(every, examples)
        self._run: Any = None
        self._rows: Any = None
        self._folder: Any = None
        self._places = contextlib.ExitStack()

    def open(self, about: About) -> list[Logger]:
        address, self._folder = about.address, about.folder
        self._places.enter_context(inside(about.folder.wandb, self._mode))
        wandb.finish()  # init would silently reuse a run that is still open in this process
        attempt = attempt_of(about.folder)
        try:
            self._run = wandb.init(
                project=self._project, entity=self._entity, mode=self._mode, dir=about.folder.path.resolve(),
                id=run_id(address, attempt), resume="allow", name=address.name, group=group_of(address),
                job_type=cut(address.study, MOST_OF_A_TAG), tags=tags_of(address),
                config={**about.config, vocabulary.IDENTITY: identity_of(address, attempt)},
                settings=wandb.Settings(silent=True, console="off"),
            )  # fmt: skip
        except wandb.Error as error:
            raise RunFault(
                f"W&B: {error}. Set logger.wandb.mode=offline (and `wandb sync` later), or logger=local."
            ) from error
        define_axes(self._run)
        self._rows = Rows(self._run, self._run.starting_step, about.folder, about.images)
        replay(about.history, self._rows)
        if self._mode == "offline":
            self._remove_older()
        return [self._rows]

    def _remove_older(self) -> None:
        mine = Path(self._run.dir).parent
        for folder in mine.parent.glob(f"offline-run-*-{self._run.id}"):
            if folder != mine:
                shutil.rmtree(folder)

    def results(self, results: Results) -> None:
        self._run.log({named(PICTURES, path.stem): wandb.Image(str(path)) for path in results.pictures})
        if results.examples:
            self._run.log({vocabulary.EXAMPLES: table(results.examples)})
        self._run.summary.update(summary(results.record, self._rows.validated))
        self._keep()

    def _keep(self) -> None:
        """Logs the chosen files as an artifact. They are final, so that they are read where they are."""
        if not self._files:
            return
        kept = wandb.Artifact(f"run-{self._run.id}", "run")
        for name in self._files:
            path = getattr(self._folder, name).resolve()
            kept.add_file(str(path), name=path.name, policy="immutable")
        self._run.log_artifact(kept)

    def close(self, exit_code: int) -> None:
        with self._places:
            wandb.finish(exit_code=exit_code)


def define_axes(run: Any) -> None:
    """Tells W&B the axes of the series. Their last values are no part of the summary, which holds the best ones."""
    for axis in (vocabulary.EPOCH, vocabulary.IMAGES):
        run.define_metric(axis)
    for series in (TRAIN, VAL):
        run.define_metric(f"{series}/*", step_metric=vocabulary.IMAGES, summary="none")
    run.define_metric(vocabulary.PANEL, step_metric=vocabulary.EPOCH)


def summary(record: Mapping[str, Any], validated: Mapping[int, Mapping[str, float]]) -> dict[str, Any]:
    """The numbers of a finished run. validated: those of the validation split by epoch, from 0."""
    headline, epoch = Headline.of(record), record["cost"]["best_epoch"] - 1
    best = {key.replace(VAL, BEST, 1): value for key, value in validated.get(epoch, {}).items()}
    return {
        **{named(RECORD, *key.split(".")): value for key, value in flatten(record).items()},
        **{named(key): value for key, value in tested(record).items()},
        **best,
        named(BEST, vocabulary.EPOCH): epoch,
        named(BEST, PRIMARY): record["validation"][headline.key],
        named(TEST, PRIMARY): record["test"]["mean"][headline.key],
        vocabulary.PRIMARY_NAME: headline.key,
        vocabulary.PRIMARY_HIGHER: headline.higher_is_better,
    }


def table(examples: Sequence[Example]) -> Any:
    """The table of test images."""
    found = wandb.Table(columns=list(vocabulary.COLUMNS))
    for each in examples:
        found.add_data(*each[:-1], wandb.Image(each.where))
    return found


def attempt_of(folder: RunFolder) -> str:
    """What tells this run from another of the same configuration that was trained before its folder was deleted. It is
    made once, and stays in the folder, so that a resumed run has the same.
    """
    path = folder.wandb / "attempt"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, os.urandom(4).hex().encode())
    return path.read_text(encoding="utf-8").strip()


def run_id(address: RunId, attempt: str) -> str:
    """The id of a run in W&B, a function of study, folder, configuration and attempt."""
    return digest([address.study, address.name, address.config_hash, attempt])[:16]


def identity_of(address: RunId, attempt: str) -> dict[str, Any]:
    """The run's id, for filters and groups of W&B."""
    return {
        "attention": address.attention, "data": address.data, "setting": address.setting, "seed": address.seed,
        "study": address.study, "experiment": address.experiment, "config_hash": address.config_hash,
        "attempt": attempt,
    }  # fmt: skip


def group_of(address: RunId) -> str:
    """The group of runs that differ in their seed alone: mechanism, data and setting."""
    return cut(f"{address.attention}/{address.data}{in_words(address)}", MOST_OF_A_GROUP)


def in_words(address: RunId) -> str:
    """A setting in words where they are few, as in a report: " (attention/policy=map)"; else -, and its hash."""
    if not address.setting:
        return ""
    own, beyond = address.told or (address.differs, address.beyond)
    if address.experiment and len(as_overrides(own)) > MOST:
        words = [address.experiment, *as_overrides(beyond)]
    else:
        words = as_overrides(own)
    return f" ({', '.join(words)})" if 0 < len(words) <= MOST else f"-{address.setting}"


def tags_of(address: RunId) -> list[str]:
    found = (address.attention, address.data, address.experiment, address.study)
    return list(dict.fromkeys(cut(tag, MOST_OF_A_TAG) for tag in found if tag))
