"""All measures of captions at once: of a corpus, and of each image.

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
"""As Show, Attend and Tell (2015) is said to report BLEU."""


class Scores(NamedTuple):
    """By the name of the measure: BLEU-1 to BLEU-4 with brevity penalty and without, ROUGE-L, CIDEr-D.

    corpus: one number each. BLEU is of summed counts, the others are means over images. image: (N,) of each image.
    """

    corpus: dict[str, float]
    image: dict[str, np.ndarray]


def caption_scores(candidates: Sequence[str], references: Sequence[Sequence[str]]) -> Scores:
    """Of one candidate an image and its references, all tokenised (`tokens.tokenized`), in equal order.

    Equal to pycocoevalcap 1.2 for any captions. CIDEr-D takes its document frequencies from these references: it is
    of this set of images. Raises ValueError where an image has no reference.
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
