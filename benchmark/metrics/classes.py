"""Categories, one symbol an image: the error of mean per-class accuracy, top-1 and top-5, and what is taken for what.

Axes: B images of a batch, N images of a split, T = 1 symbol, V categories.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, final

import numpy as np
from torch import Tensor

from benchmark.metrics.base import Judged, Measure
from benchmark.results.primary_metric import Headline
from datamodules.contract import Batch, References, TaskSpec
from datamodules.ranges import Count, Natural


@final
class MeanPerClass(Measure):
    """One less the mean over categories of the share of each that is named rightly: what papers on Stanford Dogs call
    mean accuracy. Categories of which the split has no image have no share. An image counts for its value as much as
    its category has few others, so that the plain mean over images is the headline.

    top: how many of the likeliest categories may hold the true one for `top<n>_error`. pairs: how many pairs of
    categories the record names, the most often confused first.
    """

    headline = Headline(
        "class_error", "error of mean per-class accuracy", higher_is_better=False, percent=True, binary=False
    )

    def __init__(self, spec: TaskSpec, references: References, top: Count, pairs: Natural):
        self.symbols, self.top, self.pairs = spec.symbols, top, pairs

    def parts(self, symbol_BT: Tensor, log_BTV: Tensor, batch: Batch) -> dict[str, Tensor]:
        true_B1 = batch.target[:, :1]
        above_B = (log_BTV[:, 0] > log_BTV[:, 0].gather(1, true_B1)).sum(-1)
        return {"said": symbol_BT[:, 0], "true": true_B1[:, 0], "within": above_B < self.top}

    def judge(self, split: str, parts: Mapping[str, np.ndarray]) -> Judged:
        true_N, wrong_N = parts["true"], parts["said"] != parts["true"]
        _, class_N, count_C = np.unique(true_N, return_inverse=True, return_counts=True)
        value_N = wrong_N * (len(true_N) / (len(count_C) * count_C[class_N]))
        summary = {
            "class_error": float(value_N.mean()),
            "error": float(wrong_N.mean()),
            f"top{self.top}_error": float(1 - parts["within"].mean()),
            "classes": len(count_C),
            "confused": self._confused(parts, wrong_N),
        }
        return Judged(summary, value_N)

    def _confused(self, parts: Mapping[str, np.ndarray], wrong_N: np.ndarray) -> list[dict[str, Any]]:
        """The most frequent mistakes. of: how many images of the true category there are."""
        there = Counter(parts["true"].tolist())
        found = Counter(zip(parts["true"][wrong_N].tolist(), parts["said"][wrong_N].tolist(), strict=True))
        ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))[: self.pairs]
        return [
            {"true": self.symbols[true], "said": self.symbols[said], "images": count, "of": there[true]}
            for (true, said), count in ordered
        ]
