"""Error against the overlap of the two digits of a canvas."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmark.report.analysis.estimates import Estimate, share_estimate
from benchmark.report.analysis.grouping import Group
from benchmark.report.analysis.predictions import Predictions, value_by_seed

BINS = ("none", "up to a quarter", "to a half", "over a half")
EDGES = (0.0, 0.25, 0.5)
"""Upper edges, inclusive, of all bins but the last: 0; (0, 0.25]; (0.25, 0.5]; above."""


def has_overlap(predictions: Mapping[Path, Predictions], binary: bool) -> bool:
    """Whether the metric is a share of images and the digits of some test image overlap."""
    return binary and any(found.overlap.any() for found in predictions.values())


def share_by_bin(group: Group, predictions: Mapping[Path, Predictions], mode: str) -> list[tuple[Estimate | None, int]]:
    """By bin: the error over seeds (None for an empty bin) and the number of images; [] without predictions."""
    values = value_by_seed(group, predictions, mode)
    if not values:
        return []
    overlap_N = next(predictions[run.address.folder] for run in group.runs if run.address.folder in predictions).overlap
    bin_N = np.searchsorted(EDGES, overlap_N, side="left")
    found: list[tuple[Estimate | None, int]] = []
    for place in range(len(BINS)):
        size = int((bin_N == place).sum())
        shares = [float(value_N[bin_N == place].mean()) for value_N in values.values()] if size else []
        found.append((share_estimate(shares, size) if shares else None, size))
    return found
