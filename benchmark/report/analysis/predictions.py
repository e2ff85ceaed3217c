"""Reads predictions.npz: the primary metric of each test image, run by run.

Axes: N test images, S seeds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from benchmark.report.analysis.grouping import HEADLINE, Group, ReportTask
from benchmark.report.read.arrays import read_arrays
from benchmark.report.read.folders import Finished
from benchmark.results.checksums import is_the_file

ROUNDING = 1e-4
"""Largest allowed difference between a record's primary metric and the mean of its predictions: half of 1 / 5,000."""

ANSWERS = f"prediction_{HEADLINE}"
"""The array of what the mean policy answers."""


@final
class PredictionsError(Exception):
    """predictions.npz cannot be used; the message gives the reason."""


@final
@dataclass(frozen=True)
class Predictions:
    """index: (N,) positions in the test split, ascending. sources: (N, P) ids of the source images that each image is
    composed of, -1 for none; images with a common source are not independent. P is 0 where the file, of an older run,
    names none (`sources_of`). overlap: (N,) in [0, 1]. value: by evaluation mode (N,), whose mean is the primary
    metric. answers: how many different ones the mean policy gives; None where the file has none.
    """

    index: NDArray[np.int64]
    sources: NDArray[np.int64]
    overlap: NDArray[np.float64]
    value: Mapping[str, NDArray[np.float64]]
    answers: int | None = None

    @property
    def alike(self) -> bool:
        """Whether the mean policy is known to give all images the same answer."""
        return self.answers == 1


def read_predictions(path: Path) -> Predictions:
    """One run's predictions, sorted by image. Raises PredictionsError."""
    try:
        found = read_arrays(path, is_read)
        refuse_odd(found)
        order = np.argsort(found["index"], kind="stable")
        value = {
            name.removeprefix("value_"): values.astype(float)[order]
            for name, values in found.items()
            if name.startswith("value_")
        }
        sources_NP = found.get("sources", np.empty((len(order), 0)))
        overlap_N = found["overlap"].astype(float)
        answers = len(np.unique(found[ANSWERS], axis=0)) if ANSWERS in found else None
        return Predictions(found["index"][order], sources_NP.astype(np.int64)[order], overlap_N[order], value, answers)
    except FileNotFoundError as error:
        raise PredictionsError("predictions.npz is missing") from error
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise PredictionsError(f"predictions.npz cannot be read ({error})") from error


def sources_of(held: Iterable[Predictions]) -> NDArray[np.int64]:
    """(N, P) the sources of the same images in several files: those of the first that names any. Where none does each
    image is its own.
    """
    files = list(held)
    return next((found.sources for found in files if found.sources.shape[1]), files[0].index[:, None])


def is_read(name: str) -> bool:
    """Whether the report reads an array of this name."""
    return name in ("index", "overlap", "sources", ANSWERS) or name.startswith("value_")


def refuse_odd(found: Mapping[str, NDArray[Any]]) -> None:
    """Raises ValueError unless each array has one finite number per image."""
    index = found["index"]
    if index.ndim != 1 or index.dtype.kind not in "iu" or not len(index):
        raise ValueError("its index is not a one-dimensional array of integers")
    for name in ("overlap", *(name for name in found if name.startswith("value_"))):
        if found[name].shape != index.shape or found[name].dtype.kind not in "biuf":
            raise ValueError(f"its {name} has no number for each image")
        if name != "overlap" and not np.isfinite(found[name].astype(float)).all():
            raise ValueError(f"its {name} holds what is no number")


def predictions_of(run: Finished) -> Predictions:
    """A run's predictions, if they are those that its record was made of. Raises PredictionsError."""
    path = run.address.folder / "predictions.npz"
    found = read_predictions(path)
    if not is_the_file(run.record, run.address.folder, path):
        raise PredictionsError("predictions.npz was changed after the run")
    return found


def answers_alike(run: Finished) -> bool:
    """Whether the mean policy of a run gives all test images the same answer; False where its file cannot be used."""
    try:
        return predictions_of(run).alike
    except PredictionsError:
        return False


def read_task(task: ReportTask) -> dict[Path, Predictions]:
    """The predictions of a task's runs by folder; files that cannot be used are left out, with a remark at the run."""
    found: dict[Path, Predictions] = {}
    for run in (run for group in task.groups for run in group.runs):
        try:
            predictions = predictions_of(run)
        except PredictionsError as fault:
            run.remarks.append(f"{fault}; left out of the paired comparisons")
            continue
        first = next(iter(found.values()), predictions)
        if not np.array_equal(first.index, predictions.index):
            run.remarks.append("predictions.npz is of other images than the other runs'; left out of the comparisons")
            continue
        if other_sources(found.values(), predictions):
            run.remarks.append("predictions.npz names other sources than the other runs'; left out of the comparisons")
            continue
        found[run.address.folder] = predictions
        run.remarks.extend(disagreements(run, predictions))
    return found


def other_sources(held: Iterable[Predictions], one: Predictions) -> bool:
    """Whether a file names other sources of its images than others do that name any."""
    named = [other.sources for other in held if other.sources.shape[1] and one.sources.shape[1]]
    return any(not np.array_equal(one.sources, sources_NP) for sources_NP in named)


def disagreements(run: Finished, predictions: Predictions) -> list[str]:
    """Remarks where the record's primary metric is not the mean over its predictions."""
    remarks = []
    written = run.headline.written
    for mode, value_N in predictions.value.items():
        recorded, found = run.score(mode), float(value_N.mean())
        if recorded is not None and abs(recorded - found) > ROUNDING:
            values = f"record.json has {written(recorded)}, predictions.npz {written(found)}"
            remarks.append(f"{run.headline.name} ({mode}): {values}")
    return remarks


def value_by_seed(group: Group, predictions: Mapping[Path, Predictions], mode: str) -> dict[int, NDArray[np.float64]]:
    """The metric of each image (N,) by seed, for the seeds whose predictions have this evaluation mode."""
    held = {run.address.seed: predictions.get(run.address.folder) for run in group.runs}
    return {seed: found.value[mode] for seed, found in held.items() if found and mode in found.value}
