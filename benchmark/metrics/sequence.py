"""Errors of sequences: of the whole, of each digit, of the length.

Axes: B images, T symbols.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, final

import numpy as np
import torch
from torch import Tensor

from benchmark.metrics.base import Judged, Measure
from benchmark.results.primary_metric import Headline
from datamodules.contract import IGNORED, Batch, References, TaskSpec

NO_END = -1
"""No symbol: what ends a sequence where none does."""


def sequence_correct(symbol_BT: Tensor, target_BT: Tensor) -> Tensor:
    """(B,) whether every symbol of the target was emitted: no partial credit; nothing counts after the target's end."""
    return ((symbol_BT == target_BT) | (target_BT == IGNORED)).all(-1)


def lengths(symbol_BT: Tensor, end: int | None) -> Tensor:
    """(B,) symbols before the end, or before there is none any more; T where neither comes."""
    over_BT = (symbol_BT == IGNORED) | (symbol_BT == (NO_END if end is None else end))
    return (over_BT.cumsum(-1) == 0).sum(-1)


class SequenceErrors(NamedTuple):
    """Per image, in symbols that are not the end.

    length: (B,) of the truth. length_wrong: (B,) whether another was read. digits_wrong: (B,) how many of the truth
    were not read at their place.
    """

    length: Tensor
    length_wrong: Tensor
    digits_wrong: Tensor


def reading(symbol_BT: Tensor, target_BT: Tensor, end: int | None) -> SequenceErrors:
    """Of sequences as emitted, against the truth. What was read beyond the truth's length is an error of length alone,
    and what was not read at all is wrong, digit by digit.
    """
    length_B = lengths(target_BT, end)
    is_digit_BT = torch.arange(target_BT.shape[-1], device=target_BT.device) < length_B[:, None]
    digits_wrong_B = ((symbol_BT != target_BT) & is_digit_BT).sum(-1)
    return SequenceErrors(length_B, lengths(symbol_BT, end) != length_B, digits_wrong_B)


def errors(correct_N: np.ndarray, read: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """What a record says of a split: shares in [0, 1], from whether each image is right and the fields of Reading.

    error: of whole sequences. digit_error: of all digits there are (Goodfellow et al. 2013). length_error: of images.
    by_length: images and error of the whole sequence, by the truth's length.
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
    """Error of whole sequences (Goodfellow et al. 2013); of a single symbol the error of classification."""

    headline = Headline("error", "error", higher_is_better=False, percent=True, binary=True)

    def __init__(self, spec: TaskSpec, references: References):
        self.end = spec.end

    def parts(self, symbol_BT: Tensor, log_BTV: Tensor, batch: Batch) -> dict[str, Tensor]:
        right_B = sequence_correct(symbol_BT, batch.target)
        return {"correct": right_B, **reading(symbol_BT, batch.target, self.end)._asdict()}

    def judge(self, split: str, parts: Mapping[str, np.ndarray]) -> Judged:
        return Judged(errors(parts["correct"], parts), 1.0 - parts["correct"])
