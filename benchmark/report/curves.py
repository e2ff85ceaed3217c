"""Learning curves: metrics.jsonl by epoch, over the seeds of a mechanism, unfinished runs included."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np

from benchmark.report.folders import Address, Study, number

KEYS = {"val/error": "validation error, %", "train/loss": "training loss"}


@final
@dataclass(frozen=True)
class Curve:
    """A mechanism's curve: by epoch the mean, lowest and highest seed that reached it. open: those unfinished."""

    label: str
    epochs: tuple[float, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    seeds: int
    open: int


def lines_of(path: Path) -> Iterator[Mapping[str, Any]]:
    """The objects of a metrics file; a line cut short, as a killed run leaves it, is passed over."""
    if not path.is_file():
        return
    with path.open(encoding="utf-8", errors="replace") as lines:
        for text in lines:
            try:
                found = json.loads(text)
            except ValueError:
                continue
            if isinstance(found, dict):
                yield found


def read_curves(folder: Path) -> dict[str, dict[float, float]]:
    """By metric and epoch the mean of what a run logged in that epoch."""
    logged: dict[str, dict[float, list[float]]] = {key: defaultdict(list) for key in KEYS}
    for entry in lines_of(folder / "metrics.jsonl"):
        epoch = number(entry, "epoch")
        for key in KEYS:
            value = number(entry, key)
            if epoch is not None and value is not None:
                logged[key][epoch].append(value)
    return {
        key: {epoch: float(np.mean(values)) for epoch, values in by_epoch.items()} for key, by_epoch in logged.items()
    }


def curves_by_data(study: Study, labels: Mapping[tuple[str, str], str]) -> dict[str, dict[str, list[Curve]]]:
    """By data and metric, a curve per mechanism and setting. labels: of (attention, setting), of finished runs."""
    unfinished = [run.address for run in study.unfinished]
    members: dict[tuple[str, str, str], list[Address]] = defaultdict(list)
    for address in [*(run.address for run in study.finished), *unfinished]:
        members[address.data, address.attention, address.setting].append(address)
    found: dict[str, dict[str, list[Curve]]] = defaultdict(lambda: {key: [] for key in KEYS})
    for (data, attention, setting), runs in sorted(members.items()):
        label = labels.get((attention, setting), f"{attention} {setting}".strip())
        read = [(read_curves(address.folder), address in unfinished) for address in runs]
        for key in KEYS:
            held = [(curves[key], is_open) for curves, is_open in read if curves[key]]
            if held:
                found[data][key].append(over_seeds(label, held))
    return dict(found)


def over_seeds(label: str, held: Sequence[tuple[Mapping[float, float], bool]]) -> Curve:
    """One curve of several runs: each epoch over the runs that reached it."""
    epochs = tuple(sorted({epoch for curve, _ in held for epoch in curve}))
    columns = [[curve[epoch] for curve, _ in held if epoch in curve] for epoch in epochs]
    return Curve(
        label,
        epochs,
        tuple(float(np.mean(column)) for column in columns),
        tuple(min(column) for column in columns),
        tuple(max(column) for column in columns),
        len(held),
        sum(is_open for _, is_open in held),
    )
