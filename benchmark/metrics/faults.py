"""Faults of what a measure gives for some images."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from torch import Tensor

from benchmark.metrics.base import Measure, MeasureResult


def part_faults(found: Any, images: int) -> Iterator[str]:
    """What is wrong with what `parts` of a measure gives for `images` images."""
    if not isinstance(found, Mapping):
        yield f"parts gives a {type(found).__name__}, and has to give a dictionary of tensors"
        return
    for name, value in found.items():
        if not isinstance(value, Tensor) or value.dim() < 1 or len(value) != images:
            shape = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
            yield f"parts: {name!r} is {shape}, and has to be a tensor with a row for each of {images} images"


def result_faults(measure: Measure, found: Any, images: int) -> Iterator[str]:
    """What is wrong with the result of a measure for `images` images."""
    headline = measure.headline
    if not isinstance(found, MeasureResult):
        yield f"compute gives a {type(found).__name__}, and has to give a MeasureResult(summary, value_N)"
        return
    if headline.key not in found.summary:
        yield f"the summary has no {headline.key!r}, its primary metric; it has {', '.join(found.summary)}"
        return
    value_N, mean = np.asarray(found.value_N, float), found.summary[headline.key]
    if not isinstance(mean, int | float):
        yield f"{headline.key} is a {type(mean).__name__}, and has to be a plain number: float(...)"
    elif value_N.shape != (images,) or not np.isfinite(value_N).all():
        yield (f"value_N has the shape {value_N.shape} or is not finite; it needs a finite number for each of "
               f"{images} images")  # fmt: skip
    elif not abs(value_N.mean() - mean) <= 1e-6 * max(1.0, abs(value_N.mean())):
        yield f"{headline.key} is {mean:.6g}, and the mean of value_N {value_N.mean():.6g}"
    elif headline.percent and not 0 <= mean <= 1:
        yield f"{headline.key} is a percentage, and is {mean:.4g}, which is not in 0 to 1"
    elif headline.binary and not np.isin(value_N, (0, 1)).all():
        yield "the primary metric is binary, and value_N has other values than 0 and 1"
