"""BLEU-1 to BLEU-4 (Papineni et al. 2002) as COCO's code computes them.

Axes: N images, K = 4 lengths of n-grams.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from benchmark.metrics.caption.ngrams import LONGEST, CaptionWords, Counts

SMALL, TINY = 1e-9, 1e-15
"""COCO's constants: added to denominators and numerators, so that quotients are finite and precisions above zero."""


class Bleu(NamedTuple):
    """BLEU-n at index n - 1: (K,) of the corpus, from summed counts; (K, N) of each image. plain: without brevity
    penalty.
    """

    corpus_K: np.ndarray
    plain_K: np.ndarray
    image_KN: np.ndarray
    plain_KN: np.ndarray


def bleu(texts: CaptionWords, counts: Sequence[Counts]) -> Bleu:
    """BLEU with COCO's "closest" reference length: the one nearest to the candidate's, the shorter of two equally near.
    Scores are never exactly zero, because of the constants SMALL and TINY in every quotient.
    """
    images = texts.images
    length_N = texts.length_C[:images]
    correct_KN = np.stack([_clipped(one, images) for one in counts])
    guessed_KN = np.maximum(0, length_N - np.arange(LONGEST)[:, None])
    closest_N = _closest(texts)
    plain_KN = _means(correct_KN, guessed_KN)
    plain_K = _means(correct_KN.sum(1), guessed_KN.sum(1))
    return Bleu(
        plain_K * _penalty(length_N.sum(), closest_N.sum()), plain_K, plain_KN * _penalty(length_N, closest_N), plain_KN
    )


def _clipped(counts: Counts, images: int) -> np.ndarray:
    """(N,) clipped n-gram matches: each n-gram counts at most as often as in the reference that has most of it."""
    most_E = np.zeros_like(counts.candidate_count_E)
    found_F = counts.match_F >= 0
    np.maximum.at(most_E, counts.match_F[found_F], counts.reference_count_F[found_F])
    clipped_E = np.minimum(most_E, counts.candidate_count_E)
    return np.bincount(counts.candidate_image_E, clipped_E, images)


def _closest(texts: CaptionWords) -> np.ndarray:
    images = texts.images
    image, length = texts.image_C[images:], texts.length_C[images:]
    order = np.lexsort((length, np.abs(length - texts.length_C[image]), image))  # by image, closeness, length
    return length[order][np.searchsorted(image[order], np.arange(images))]


def _means(correct: np.ndarray, guessed: np.ndarray) -> np.ndarray:
    """(K, ...) geometric means of the precisions of order 1 to n."""
    exponent = 1 / np.arange(1, LONGEST + 1).reshape(-1, *[1] * (correct.ndim - 1))
    return np.cumprod((correct + TINY) / (guessed + SMALL), 0) ** exponent


def _penalty(length: np.ndarray, closest: np.ndarray) -> np.ndarray:
    ratio = (length + TINY) / (closest + SMALL)
    return np.exp(np.minimum(0, 1 - 1 / ratio))
