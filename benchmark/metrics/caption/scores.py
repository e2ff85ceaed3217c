"""All caption scores but METEOR, of a corpus and of each image.

Axes: N images.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from benchmark.metrics.caption.bleu import bleu
from benchmark.metrics.caption.cider import cider_d
from benchmark.metrics.caption.ngrams import LONGEST, captions, count
from benchmark.metrics.caption.rouge import rouge_l

UNPENALISED = "{} without brevity penalty"
"""Show, Attend and Tell (Xu et al. 2015) reports BLEU without brevity penalty."""


class Scores(NamedTuple):
    """By name of the metric: BLEU-1 to BLEU-4 with and without brevity penalty, ROUGE-L, CIDEr-D.

    corpus: the score of the corpus; BLEU from summed counts, the others means over images. image: (N,) scores.
    """

    corpus: dict[str, float]
    image: dict[str, np.ndarray]


def caption_scores(candidates: Sequence[str], references: Sequence[Sequence[str]]) -> Scores:
    """Scores of one candidate an image against its references, all tokenised (`tokens.tokenized`), in the same order.

    Equal to pycocoevalcap 1.2 for any captions. CIDEr-D counts its document frequencies in these references, so it
    depends on the set of images. Raises ValueError where an image has no reference.
    """
    read = captions(candidates, references)
    counts = count(read)
    blue = bleu(read, counts)
    image = {f"BLEU-{n + 1}": blue.image_KN[n] for n in range(LONGEST)}
    image |= {"ROUGE-L": rouge_l(candidates, references), "CIDEr-D": cider_d(read, counts)}
    corpus = {name: float(value.mean()) for name, value in image.items()}
    for n in range(LONGEST):
        name = f"BLEU-{n + 1}"
        corpus |= {name: float(blue.corpus_K[n]), UNPENALISED.format(name): float(blue.plain_K[n])}
        image[UNPENALISED.format(name)] = blue.plain_KN[n]
    return Scores(corpus, image)
