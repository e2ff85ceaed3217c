"""Captions, judged as COCO judges them, on what the model says when it runs free.

Axes: B images of a batch, N images judged, T symbols, V symbols to choose from.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, final

import numpy as np
from torch import Tensor

from benchmark.metrics.base import Judged, Measure
from benchmark.metrics.caption.meteor import MeteorMissing, meteor
from benchmark.metrics.caption.scores import caption_scores
from benchmark.metrics.caption.tokens import tokenized
from benchmark.metrics.sequence import lengths
from benchmark.results.primary_metric import Headline
from datamodules.contract import Batch, DataFault, References, TaskSpec


@final
class CaptionScores(Measure):
    """BLEU-1 to 4 with and without brevity penalty, ROUGE-L, CIDEr-D and METEOR against everything people wrote of an
    image, tokenised as COCO does.

    CIDEr-D is the headline; its rarities are counted in the references of the images judged, so it depends on which
    they are. METEOR, on the test split alone, is there where a program for it is (see `caption/meteor.py`).
    words: mean length. vocabulary: different words used. unfinished: share of captions that never came to their end.
    meteor: whether it is asked for; its program takes seconds to start, once a way of looking.
    """

    headline = Headline("CIDEr-D", "CIDEr-D", higher_is_better=True, percent=False, binary=False)

    def __init__(self, spec: TaskSpec, references: References, meteor: bool):
        self.symbols, self.end, self.references, self.meteor = spec.symbols, spec.end, references, meteor
        self.tokens: dict[tuple[str, int], list[str]] = {}

    def parts(self, symbol_BT: Tensor, log_BTV: Tensor, batch: Batch) -> dict[str, Tensor]:
        length_B = lengths(symbol_BT, self.end)
        return {"symbol": symbol_BT, "length": length_B, "unfinished": length_B == symbol_BT.shape[1]}

    def judge(self, split: str, parts: Mapping[str, np.ndarray]) -> Judged:
        said = self.said(parts["symbol"], parts["length"])
        written = self.written(split, parts["index"].tolist())
        scores = caption_scores(said, written)
        summary: dict[str, Any] = {
            **scores.corpus,
            "words": float(parts["length"].mean()),
            "vocabulary": len({word for text in said for word in text.split()}),
            "unfinished": float(parts["unfinished"].mean()),
        }
        if self.meteor and split == "test":
            with suppress(MeteorMissing):
                found = meteor(said, written, None)
                summary[found.name] = found.corpus
        return Judged(summary, scores.image["CIDEr-D"])

    def said(self, symbol_NT: np.ndarray, length_N: np.ndarray) -> list[str]:
        """The captions as words, tokenised like the references."""
        rows = zip(symbol_NT.tolist(), length_N.tolist(), strict=True)
        return tokenized(" ".join(self.symbols[symbol] for symbol in row[:length]) for row, length in rows)

    def written(self, split: str, places: Sequence[int]) -> list[list[str]]:
        """The references of images, tokenised once a run. Raises DataFault for data of which nobody wrote anything."""
        missing = [place for place in places if (split, place) not in self.tokens]
        references = self.references(split) if missing else ()
        if missing and not all(place < len(references) and references[place] for place in missing):
            raise DataFault(
                f"metrics=captions needs what people wrote of every image of {split}, and these data have it not for "
                "all. Choose a data set of captions, or metrics=sequence."
            )
        flat = iter(tokenized(text for place in missing for text in references[place]))
        for place in missing:
            self.tokens[split, place] = [next(flat) for _ in references[place]]
        return [self.tokens[split, place] for place in places]
