"""Where a run is logged: always in its folder, line by line, and wherever else its configuration says."""

import json
import math
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, final

from pytorch_lightning.loggers import Logger
from pytorch_lightning.utilities.rank_zero import rank_zero_only

from benchmark.address import Address
from benchmark.folder import RunFolder, explained, write_whole


class About(NamedTuple):
    """What a log is told of its run: where it belongs, every value of its configuration, its folder."""

    address: Address
    config: Mapping[str, Any]
    folder: RunFolder


class RunLog(ABC):
    """A log besides the run folder. Opened once, and closed whatever happens."""

    @abstractmethod
    def open(self, about: About) -> list[Logger]:
        """Lightning's loggers for the metrics of training."""

    @abstractmethod
    def results(self, record: Mapping[str, Any], pictures: list[Path]) -> None:
        """What the finished run came to."""

    @abstractmethod
    def close(self, exit_code: int) -> None:
        """0 for a finished run. Called exactly once after `open`, also where `open` or the run failed."""


@final
class Local(RunLog):
    """No log besides the run folder."""

    def open(self, about: About) -> list[Logger]:
        return []

    def results(self, record: Mapping[str, Any], pictures: list[Path]) -> None: ...

    def close(self, exit_code: int) -> None: ...


@final
class JsonLines(Logger):
    """metrics.jsonl: one JSON object a line, `step`, `epoch` and whatever was measured. What is not finite is null."""

    def __init__(self, path: Path):
        super().__init__()
        self._path = path

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
        values = {key: float(value) for key, value in metrics.items() if key != "epoch"}
        line = {"step": step, "epoch": int(metrics.get("epoch", 0))} | {
            key: value if math.isfinite(value) else None for key, value in values.items()
        }
        with explained(self._path), self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            if any(key.startswith("val/") for key in values):  # once an epoch, as the checkpoints are
                file.flush()
                os.fsync(file.fileno())


def rewind(path: Path, epoch: int) -> None:
    """Drops what metrics.jsonl says of later epochs than `epoch`, and a line that a kill cut off."""
    if not path.exists():
        return
    kept = [line for line in path.read_text(encoding="utf-8").splitlines() if _epoch(line) <= epoch]
    write_whole(path, "".join(line + "\n" for line in kept).encode())


def _epoch(line: str) -> float:
    try:
        return int(json.loads(line)["epoch"])
    except (ValueError, KeyError, TypeError):
        return math.inf
