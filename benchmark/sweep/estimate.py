"""An estimate of the training time of jobs, from the records of earlier runs."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple, final

from benchmark.common.json_files import Damaged, read_object
from benchmark.results.run_id import RunId


class Earlier(NamedTuple):
    """The training of an earlier run. seconds: of training alone, over all interruptions."""

    setting: str
    epochs: int
    seconds: float


@final
class EarlierRuns:
    """Finished runs in a folder of runs, of all studies; the records of a mechanism on a data set are read once."""

    def __init__(self) -> None:
        self._read: dict[Path, list[Earlier]] = {}

    def seconds(self, address: RunId, epochs: object) -> tuple[float | None, int]:
        """The mean seconds of training of the same mechanism, data and number of epochs, and of how many runs.

        Runs of the same setting alone are taken where there are any. None and 0 where there is no run.
        """
        alike = [run for run in self._of(address) if run.epochs == epochs]
        taken = [run.seconds for run in alike if run.setting == address.setting] or [run.seconds for run in alike]
        return (mean(taken), len(taken)) if taken else (None, 0)

    def _of(self, address: RunId) -> list[Earlier]:
        place = Path(address.root, "*", address.attention, address.data)
        if place not in self._read:
            found = Path(address.root).glob(f"*/{address.attention}/{address.data}/seed=*/record.json")
            self._read[place] = [run for path in sorted(found) for run in earlier(path)]
        return self._read[place]


def earlier(path: Path) -> list[Earlier]:
    """The training of a record; none where it cannot be used."""
    try:
        record = read_object(path)
    except (Damaged, FileNotFoundError):
        return []
    cost: Any = record.get("cost")
    seconds, epochs = (cost.get("train_seconds"), cost.get("epochs")) if isinstance(cost, Mapping) else (None, None)
    if not isinstance(seconds, int | float) or not isinstance(epochs, int) or not 0 <= seconds < math.inf:
        return []
    return [Earlier(str(record.get("setting")), epochs, float(seconds))]


def together(seconds: Sequence[float], at_once: int) -> float:
    """Seconds of jobs of which some run at once: the mean over the places, and at least the longest job."""
    return max([sum(seconds) / at_once, *seconds])
