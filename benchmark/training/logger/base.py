"""The logs of a run: metrics.jsonl in its folder, and the loggers that its configuration chooses."""

import json
import logging
import math
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple, final

import numpy as np
from pytorch_lightning.loggers import Logger
from pytorch_lightning.utilities.rank_zero import rank_zero_only

from benchmark.results.run_folder import RunFolder, explained, write_whole
from benchmark.results.run_id import RunId, flatten
from benchmark.results.vocabulary import EPOCH, IMAGES, TEST, VAL

log = logging.getLogger("benchmark")


class About(NamedTuple):
    """The run that a log is opened for.

    address: its id. config: the whole configuration. history: the lines of metrics.jsonl up to the epoch from which it
    resumes; empty for a new run. images: counts the training images seen so far.
    """

    address: RunId
    config: Mapping[str, Any]
    folder: RunFolder
    history: Sequence[Mapping[str, Any]]
    images: Callable[[], int]


class Example(NamedTuple):
    """A test image with what was made of it.

    image: its index in the split. truth, answer: as text. probability: of the answer, 0 to 1. right: whether it is the
    truth. where: (H, W, 3) uint8, the image, darkened by its attention maps, with its fixations.
    """

    image: int
    truth: str
    answer: str
    probability: float
    right: bool
    where: np.ndarray


class Results(NamedTuple):
    """What a finished run has to show. record: the content of record.json. pictures: paths of images."""

    record: Mapping[str, Any]
    pictures: Sequence[Path]
    examples: Sequence[Example]


class DrawingPlan(NamedTuple):
    """What a log asks to be drawn. every: epochs between two pictures of the same validation images, 0 for none.
    examples: most test images of `Results`.
    """

    every: int
    examples: int

    def is_due(self, epoch: int) -> bool:
        """Whether validation images are drawn after an epoch, from 0."""
        return self.every > 0 and (epoch + 1) % self.every == 0


NOTHING = DrawingPlan(0, 0)


class RunLog(ABC):
    """A log besides metrics.jsonl. It is opened once, and closed even where the run fails.

    A resumed run appears in it like an uninterrupted one: a log either starts anew and replays the history, or drops
    the lines that it already has.
    """

    wanted: DrawingPlan

    @abstractmethod
    def open(self, about: About) -> list[Logger]:
        """Lightning's loggers for the metrics of training, after the history was replayed to them."""

    @abstractmethod
    def results(self, results: Results) -> None:
        """Logs the results of a finished run."""

    @abstractmethod
    def close(self, exit_code: int) -> None:
        """Called exactly once after `open`, also where `open` or the run failed. exit_code: 0 for a finished run."""


@final
class Logs(RunLog):
    """Any number of logs, also none."""

    wanted = NOTHING  # they are asked one by one

    def __init__(self, logs: Sequence[RunLog]):
        self._logs = logs

    def open(self, about: About) -> list[Logger]:
        return [logger for log in self._logs for logger in log.open(about)]

    def is_due(self, epoch: int) -> bool:
        """Whether one of them wants validation images after an epoch, from 0."""
        return any(log.wanted.is_due(epoch) for log in self._logs)

    @property
    def examples(self) -> int:
        """How many test images the one with the largest table wants."""
        return max((log.wanted.examples for log in self._logs), default=0)

    def results(self, results: Results) -> None:
        for log in self._logs:
            log.results(results)

    def close(self, exit_code: int) -> None:
        with ExitStack() as each:  # closes all of them, even where one raises
            for log in self._logs:
                each.callback(log.close, exit_code)


@final
class LightningLog(RunLog):
    """Any of Lightning's loggers. Its files inside the run's folder are deleted and written again from the history."""

    wanted = NOTHING

    def __init__(self, logger: Logger):
        self._logger = logger

    def open(self, about: About) -> list[Logger]:
        for path in _own_files(self._logger, about.folder):
            path.unlink()
        self._logger.log_hyperparams(flatten(about.config))
        live = [{key: value for key, value in line.items() if key != IMAGES} for line in about.history]
        replay(live, self._logger)  # what it is told in training
        return [self._logger]

    def results(self, results: Results) -> None:
        self._logger.log_metrics(tested(results.record), results.record["cost"]["steps"])
        self._logger.save()

    def close(self, exit_code: int) -> None:
        self._logger.finalize("success" if exit_code == 0 else "failed")


def as_log(made: RunLog | Logger) -> RunLog:
    """A RunLog from what the configuration built: a RunLog, or one of Lightning's loggers, which is wrapped."""
    return LightningLog(made) if isinstance(made, Logger) else made


def _own_files(logger: Logger, folder: RunFolder) -> list[Path]:
    """The files of a logger that has a folder of its own inside the run's folder; empty for any other."""
    place = Path(getattr(logger, "log_dir", None) or folder.path)
    theirs = folder.path in place.parents and place not in (folder.best.parent, folder.pictures)
    return [path for path in place.glob("*") if path.is_file()] if theirs else []


def tested(record: Mapping[str, Any]) -> dict[str, float]:
    """The numbers of the test split at the policy's mode, by their names in logs."""
    return {f"{TEST}/{key}": float(value) for key, value in record["test"]["mean"].items() if _is_number(value)}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@final
class JsonLines(Logger):
    """Writes metrics.jsonl: a JSON object per line with `step`, `epoch`, `images` and the metrics; null for non-finite
    values. images: counts the training images seen so far.
    """

    def __init__(self, path: Path, images: Callable[[], int]):
        super().__init__()
        self._path, self._images = path, images

    @property
    def name(self) -> str:
        return "metrics"

    @property
    def version(self) -> str:
        return ""

    @rank_zero_only
    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None: ...

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        values = {key: float(value) for key, value in metrics.items() if key != EPOCH}
        line = {"step": step, EPOCH: int(metrics.get(EPOCH, 0)), IMAGES: self._images()} | {
            key: value if math.isfinite(value) else None for key, value in values.items()
        }
        with explained(self._path), self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            if any(key.startswith(f"{VAL}/") for key in values):  # once per epoch, like the checkpoints
                file.flush()
                os.fsync(file.fileno())


def rewind(path: Path, epoch: int) -> list[dict[str, Any]]:
    """Removes from metrics.jsonl the lines of later epochs than `epoch`, and damaged ones; returns the others. The log
    says how many lines were damaged; the last one may be cut off where a process was killed.
    """
    if not path.exists():
        return []
    lines = path.read_bytes().decode("utf-8", "replace").split("\n")
    whole = [(line, found) for line in lines[:-1] if (found := _entry(line))]
    if damaged := len(lines) - 1 - len(whole):
        log.warning("%s: %d damaged lines were left out", path, damaged)
    kept = [(line, found) for line, found in whole if found[EPOCH] <= epoch]
    write_whole(path, "".join(line + "\n" for line, _ in kept).encode())
    return [found for _, found in kept]


def replay(history: Sequence[Mapping[str, Any]], logger: Logger) -> None:
    """Logs the lines of metrics.jsonl to another logger; null becomes NaN again."""
    for line in history:
        values = {key: math.nan if value is None else value for key, value in line.items() if key != "step"}
        logger.log_metrics(values, line["step"])


def _entry(line: str) -> dict[str, Any]:
    """An entry of metrics.jsonl; empty for a line that is none."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    whole = isinstance(found, dict) and isinstance(found.get("step"), int) and isinstance(found.get(EPOCH), int)
    return found if whole else {}
