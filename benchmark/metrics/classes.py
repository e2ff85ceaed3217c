"""Classification, one symbol per image: 1 - mean per-class recall, top-1 and top-k error, most confused pairs.

Axes: B images of a batch, N images of a split, T = 1 symbol, V categories.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from benchmark.metrics.base import Measure, MeasureResult
from benchmark.results.primary_metric import Headline
from datamodules.contract import Batch, References, TaskSpec
from datamodules.ranges import Count, Natural


@final
class MeanPerClass(Measure):
    """1 - mean per-class recall; papers on Stanford Dogs report mean per-class recall as "mean accuracy" (Sermanet et
    al. 2015). Categories without an image in the split are left out of the mean. An image's value is its 0/1 error
    weighted by N / (number of categories * images of its category), so that the plain mean over images is the primary
    metric.

    top: k of the top-k error, recorded as `top<k>_error`. pairs: how many pairs of categories the record lists, the
    most often confused first.
    """

    headline = Headline(
        "class_error", "error of mean per-class accuracy", higher_is_better=False, percent=True, binary=False
    )

    def __init__(self, spec: TaskSpec, references: References, top: Count, pairs: Natural):
        self.symbols, self.top, self.pairs = spec.symbols, top, pairs

    def parts(self, symbol_BT: Tensor, log_BTV: Tensor, batch: Batch) -> dict[str, Tensor]:
        true_B1, log_BV = batch.target[:, :1], log_BTV[:, 0]
        true_log_B1 = log_BV.gather(1, true_B1)
        earlier_BV = torch.arange(log_BV.shape[1], device=log_BV.device) < true_B1  # of equal ones, as argmax does
        above_B = ((log_BV > true_log_B1) | ((log_BV == true_log_B1) & earlier_BV)).sum(-1)
        return {"predicted": symbol_BT[:, 0], "true": true_B1[:, 0], "within": above_B < self.top}

    def compute(self, split: str, parts: Mapping[str, np.ndarray]) -> MeasureResult:
        true_N, wrong_N = parts["true"], parts["predicted"] != parts["true"]
        _, class_N, count_C = np.unique(true_N, return_inverse=True, return_counts=True)
        value_N = wrong_N * (len(true_N) / (len(count_C) * count_C[class_N]))
        summary = {
            "class_error": float(value_N.mean()),
            "error": float(wrong_N.mean()),
            f"top{self.top}_error": float(1 - parts["within"].mean()),
            "classes": len(count_C),
            "confused": self._confused(parts, wrong_N),
        }
        return MeasureResult(summary, value_N)

    def _confused(self, parts: Mapping[str, np.ndarray], wrong_N: np.ndarray) -> list[dict[str, Any]]:
        """The most frequent confusions, as the record lists them. of: number of images of the true category."""
        there = Counter(parts["true"].tolist())
        found = Counter(zip(parts["true"][wrong_N].tolist(), parts["predicted"][wrong_N].tolist(), strict=True))
        ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))[: self.pairs]
        return [
            {"true": self.symbols[true], "said": self.symbols[predicted], "images": count, "of": there[true]}
            for (true, predicted), count in ordered
        ]
