"""Caption scores as in COCO's evaluation, of captions decoded without teacher forcing.

Axes: B images of a batch, N images scored, T time steps, V symbols of the vocabulary.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, final

import numpy as np
from torch import Tensor

from benchmark.metrics.base import Measure, MeasureResult
from benchmark.metrics.caption.meteor import MeteorMissing, meteor
from benchmark.metrics.caption.scores import caption_scores
from benchmark.metrics.caption.tokens import tokenized
from benchmark.metrics.sequence import lengths
from benchmark.results.primary_metric import Headline
from datamodules.contract import Batch, DataFault, References, TaskSpec


@final
class CaptionScores(Measure):
    """BLEU-1 to 4 with and without brevity penalty, ROUGE-L, CIDEr-D and METEOR against all reference captions of an
    image, tokenised as COCO does.

    CIDEr-D is the primary metric. Its document frequencies are counted in the references of the images scored, so its
    value depends on which images those are. METEOR is computed on the test split alone, and only where a program for
    it is installed (see `caption/meteor.py`).
    words: mean caption length. vocabulary: number of distinct words used. unfinished: share of captions without an end
    symbol. meteor: whether to compute METEOR; its program takes seconds to start, once for each evaluation mode.
    """

    headline = Headline("CIDEr-D", "CIDEr-D", higher_is_better=True, percent=False, binary=False)

    def __init__(self, spec: TaskSpec, references: References, meteor: bool):
        self.symbols, self.end, self.references, self.meteor = spec.symbols, spec.end, references, meteor
        self.tokens: dict[tuple[str, int], list[str]] = {}

    def parts(self, symbol_BT: Tensor, log_BTV: Tensor, batch: Batch) -> dict[str, Tensor]:
        length_B = lengths(symbol_BT, self.end)
        return {"symbol": symbol_BT, "length": length_B, "unfinished": length_B == symbol_BT.shape[1]}

    def compute(self, split: str, parts: Mapping[str, np.ndarray]) -> MeasureResult:
        candidates = self._candidates(parts["symbol"], parts["length"])
        references = self._references(split, parts["index"].tolist())
        scores = caption_scores(candidates, references)
        summary: dict[str, Any] = {
            **scores.corpus,
            "words": float(parts["length"].mean()),
            "vocabulary": len({word for text in candidates for word in text.split()}),
            "unfinished": float(parts["unfinished"].mean()),
        }
        if self.meteor and split == "test":
            with suppress(MeteorMissing):
                found = meteor(candidates, references, None)
                summary[found.name] = found.corpus
        return MeasureResult(summary, scores.image["CIDEr-D"])

    def _candidates(self, symbol_NT: np.ndarray, length_N: np.ndarray) -> list[str]:
        """The decoded captions as text, tokenised like the references."""
        rows = zip(symbol_NT.tolist(), length_N.tolist(), strict=True)
        return tokenized(" ".join(self.symbols[symbol] for symbol in row[:length]) for row, length in rows)

    def _references(self, split: str, places: Sequence[int]) -> list[list[str]]:
        """The reference captions of images, tokenised once a run. Raises DataFault for images without any."""
        missing = [place for place in places if (split, place) not in self.tokens]
        references = self.references(split) if missing else ()
        if missing and not all(place < len(references) and references[place] for place in missing):
            raise DataFault(
                f"metrics=captions needs reference captions of every image of {split}, and this data set does not have "
                "them for all. Choose a data set of captions, or metrics=sequence."
            )
        flat = iter(tokenized(text for place in missing for text in references[place]))
        for place in missing:
            self.tokens[split, place] = [next(flat) for _ in references[place]]
        return [self.tokens[split, place] for place in places]
