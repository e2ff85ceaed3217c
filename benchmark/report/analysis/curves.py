"""Learning curves: metrics.jsonl by epoch, over the seeds of a mechanism, unfinished runs included."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, final

import numpy as np

from benchmark.common.json_files import objects_of
from benchmark.report.analysis.naming import Names
from benchmark.report.analysis.quality import Quality
from benchmark.report.read.folders import Finished, RunFolderName, Study, Unfinished, number
from benchmark.results.checksums import is_the_file
from benchmark.results.run_folder import RunFolder
from benchmark.results.vocabulary import LOSS

MOST_EPOCHS, MOST = 1e6, 1e30
"""Largest epoch and absolute value that are drawn."""


@final
class Tracked(NamedTuple):
    """The metric of a curve. factor: from the metrics file to the axis."""

    key: str
    name: str
    factor: float


NamesOf = Mapping[tuple[str, str, str], Names]
"""By data set, mechanism and setting."""


def tracked(runs: Sequence[Finished | Unfinished]) -> list[Tracked]:
    """The metrics drawn for the runs of a data set: the primary metrics in validation, and the training loss."""
    known = dict.fromkeys(run.headline for run in runs if run.headline)
    qualities = [Quality(headline) for headline in known]
    return [Tracked(q.headline.monitor, f"validation {q.head}", q.factor) for q in qualities] + [
        Tracked(LOSS, "training loss", 1.0)
    ]


@final
@dataclass(frozen=True)
class Curve:
    """A mechanism's curve: by epoch, from 1, the mean, lowest and highest seed. open: the number of unfinished seeds.
    key: mechanism and setting. names: what it is called.
    """

    key: tuple[str, str]
    names: Names
    epochs: tuple[float, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    seeds: int
    open: int


def read_curves(folder: Path, keys: Sequence[str]) -> dict[str, dict[float, float]]:
    """By metric and epoch, counted from 1, the mean of the values that a run logged in that epoch."""
    logged: dict[str, dict[float, list[float]]] = {key: defaultdict(list) for key in keys}
    for entry in objects_of(RunFolder(folder).metrics):
        epoch = number(entry, "epoch")
        for key in keys:
            value = number(entry, key)
            if epoch is not None and value is not None and 0 <= epoch < MOST_EPOCHS and abs(value) < MOST:
                logged[key][epoch + 1].append(value)
    return {
        key: {epoch: float(np.mean(values)) for epoch, values in by_epoch.items()} for key, by_epoch in logged.items()
    }


def curves_by_data(study: Study, names: NamesOf) -> dict[str, dict[Tracked, list[Curve]]]:
    """By data set and metric, one curve per mechanism and setting. names: of finished runs."""
    by_data: dict[str, list[Finished | Unfinished]] = defaultdict(list)
    everything: list[Finished | Unfinished] = [*study.finished, *study.unfinished]
    for run in everything:
        if isinstance(run, Unfinished) or has_intact_metrics(run):
            by_data[run.address.data].append(run)
    found = {data: curves_of(data, runs, tracked(runs), names) for data, runs in sorted(by_data.items())}
    return {data: curves for data, curves in found.items() if any(curves.values())}


def has_intact_metrics(run: Finished) -> bool:
    """Whether a run's metrics file is as the run left it; adds a remark to the run if not."""
    same = is_intact(run)
    if not same:
        run.remarks.append("metrics.jsonl is not as the run left it; its learning curve is left out")
    return same


def is_intact(run: Finished) -> bool:
    """Whether a run's metrics file has the checksum in its record. A run without one has no curve."""
    path = RunFolder(run.address.folder).metrics
    try:
        return is_the_file(run.record, run.address.folder, path)
    except OSError:
        return not path.exists()


def curves_of(
    data: str, runs: Sequence[Finished | Unfinished], wanted: Sequence[Tracked], names: NamesOf
) -> dict[Tracked, list[Curve]]:
    """The curves of one data set."""
    members: dict[tuple[str, str], list[tuple[RunFolderName, bool]]] = defaultdict(list)
    for run in runs:
        where = run.address
        members[where.attention, where.setting].append((where, isinstance(run, Unfinished)))
    found: dict[Tracked, list[Curve]] = {each: [] for each in wanted}
    for key, held in sorted(members.items()):
        name = " ".join(key).strip()
        called = names.get((data, *key), Names(name, name))
        read = [(read_curves(where.folder, [each.key for each in wanted]), is_open) for where, is_open in held]
        for each in wanted:
            known = [(curves[each.key], is_open) for curves, is_open in read if curves[each.key]]
            if known:
                found[each].append(over_seeds(key, called, known))
    return found


def over_seeds(key: tuple[str, str], names: Names, held: Sequence[tuple[Mapping[float, float], bool]]) -> Curve:
    """One curve over several runs: each epoch over the runs that reached it."""
    epochs = tuple(sorted({epoch for curve, _ in held for epoch in curve}))
    columns = [[curve[epoch] for curve, _ in held if epoch in curve] for epoch in epochs]
    return Curve(
        key,
        names,
        epochs,
        tuple(float(np.mean(column)) for column in columns),
        tuple(min(column) for column in columns),
        tuple(max(column) for column in columns),
        len(held),
        sum(is_open for _, is_open in held),
    )
