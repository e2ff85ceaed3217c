"""Error against the overlap of the two digits of a canvas.

Axes: S seeds, N test images, M of them in a bin, K sources of an image.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.common.clustered_variance import Floats
from benchmark.report.analysis.contrasts import error_over_images
from benchmark.report.analysis.estimates import Estimate, share_estimate
from benchmark.report.analysis.grouping import Group
from benchmark.report.analysis.predictions import Predictions, sources_of, value_by_seed

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
    held = next(predictions[run.address.folder] for run in group.runs if run.address.folder in predictions)
    sources_NK = sources_of(predictions.values())
    bin_N = np.searchsorted(EDGES, held.overlap, side="left")
    found: list[tuple[Estimate | None, int]] = []
    for place in range(len(BINS)):
        in_bin_N = bin_N == place
        wrong_SM = [value_N[in_bin_N] for value_N in values.values()]
        size = int(in_bin_N.sum())
        found.append((shared_estimate(wrong_SM, sources_NK[in_bin_N]) if size else None, size))
    return found


def shared_estimate(wrong_SM: Sequence[Floats], sources_MK: NDArray[np.int64]) -> Estimate:
    """The error of S seeds on M images, some of which share a digit."""
    error = error_over_images(wrong_SM, sources_MK)
    return share_estimate([float(wrong_M.mean()) for wrong_M in wrong_SM], len(sources_MK), error)
