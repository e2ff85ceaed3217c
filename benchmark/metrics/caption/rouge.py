"""ROUGE-L (Lin 2004) as COCO's code computes it."""

from collections.abc import Sequence

import numpy as np

BETA = 1.2
"""Weight of recall over precision in the F-measure: COCO's value."""


def rouge_l(candidates: Sequence[str], references: Sequence[Sequence[str]]) -> np.ndarray:
    """(N,) scores of the images, in [0, 1]. As in COCO's code, the best precision and the best recall may come from
    different references.

    Words are split at single blanks, so two blanks in a row, or an empty caption, give an empty word, and two empty
    captions agree.
    """
    return np.array([_score(one, several) for one, several in zip(candidates, references, strict=True)])


def _score(candidate: str, references: Sequence[str]) -> float:
    words = candidate.split(" ")
    places: dict[str, int] = {}
    for place, word in enumerate(words):
        places[word] = places.get(word, 0) | 1 << place
    split = [text.split(" ") for text in references]
    common = [_longest_common(places, len(words), other) for other in split]
    precision = max(common) / len(words)
    recall = max(length / len(other) for length, other in zip(common, split, strict=True))
    return (1 + BETA**2) * precision * recall / (recall + BETA**2 * precision) if recall else 0.0


def _longest_common(places: dict[str, int], length: int, other: Sequence[str]) -> int:
    """Length of the longest common subsequence, by the bit-parallel algorithm of Hyyro (2004): a row of the dynamic
    programming table is an integer. places: the bit mask of each word's positions in the first caption.
    """
    every = (1 << length) - 1
    row = every
    for word in other:
        matched = row & places.get(word, 0)
        row = (row + matched | row - matched) & every
    return length - row.bit_count()
