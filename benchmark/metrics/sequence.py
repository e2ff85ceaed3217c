"""Errors of sequences: of the whole sequence, of each digit, of the length.

Axes: B images, N images of a split, T time steps.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, final

import numpy as np
import torch
from torch import Tensor

from benchmark.metrics.base import Measure, MeasureResult
from benchmark.results.primary_metric import Headline
from datamodules.contract import IGNORED, Batch, References, TaskSpec

NO_END = -1
"""Stands in for the end symbol where the task has none; no symbol has this index."""


def sequence_correct(symbol_BT: Tensor, target_BT: Tensor) -> Tensor:
    """(B,) bool: whether every symbol of the target was emitted. Steps whose target is IGNORED do not count."""
    return ((symbol_BT == target_BT) | (target_BT == IGNORED)).all(-1)


def lengths(symbol_BT: Tensor, end: int | None) -> Tensor:
    """(B,) number of symbols before the end symbol or the first IGNORED; T where neither occurs."""
    over_BT = (symbol_BT == IGNORED) | (symbol_BT == (NO_END if end is None else end))
    return (over_BT.cumsum(-1) == 0).sum(-1)


class SequenceErrors(NamedTuple):
    """Per image, the end symbol not counted.

    length: (B,) length of the target. length_wrong: (B,) bool, whether the emitted length differs. digits_wrong: (B,)
    number of target digits that were not emitted at their time step.
    """

    length: Tensor
    length_wrong: Tensor
    digits_wrong: Tensor


def reading(symbol_BT: Tensor, target_BT: Tensor, end: int | None) -> SequenceErrors:
    """Emitted sequences compared with their targets, (B, T) each. Symbols emitted beyond the target's length are an
    error of the length alone; digits of the target that were not emitted are digit errors.
    """
    length_B = lengths(target_BT, end)
    is_digit_BT = torch.arange(target_BT.shape[-1], device=target_BT.device) < length_B[:, None]
    digits_wrong_B = ((symbol_BT != target_BT) & is_digit_BT).sum(-1)
    return SequenceErrors(length_B, lengths(symbol_BT, end) != length_B, digits_wrong_B)


def errors(correct_N: np.ndarray, read: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Error rates of a split, in [0, 1]. correct_N: whether each whole sequence is right. read: fields of
    SequenceErrors as (N,) arrays.

    error: share of images with a wrong sequence. digit_error: share of all target digits that are wrong (Goodfellow et
    al. 2013). length_error: share of images with a wrong length. by_length: number of images and sequence error, by the
    target's length.
    """
    length_N = read["length"]
    by_length = {
        str(length): {
            "images": int((length_N == length).sum()), "error": float(1 - correct_N[length_N == length].mean()),
        }
        for length in np.unique(length_N).tolist()
    }  # fmt: skip
    return {
        "error": float(1 - correct_N.mean()),
        "digit_error": float(read["digits_wrong"].sum() / max(1, length_N.sum())),
        "length_error": float(read["length_wrong"].mean()),
        "by_length": by_length,
    }


@final
class WholeSequence(Measure):
    """Error rate of whole sequences, without partial credit (Goodfellow et al. 2013); with T = 1 the classification
    error.
    """

    headline = Headline("error", "error", higher_is_better=False, percent=True, binary=True)

    def __init__(self, spec: TaskSpec, references: References):
        self.end = spec.end

    def parts(self, symbol_BT: Tensor, log_BTV: Tensor, batch: Batch) -> dict[str, Tensor]:
        right_B = sequence_correct(symbol_BT, batch.target)
        return {"correct": right_B, **reading(symbol_BT, batch.target, self.end)._asdict()}

    def compute(self, split: str, parts: Mapping[str, np.ndarray]) -> MeasureResult:
        return MeasureResult(errors(parts["correct"], parts), 1.0 - parts["correct"])
