"""CIDEr-D (Vedantam et al. 2015), the metric that COCO's evaluation reports as CIDEr.

Axes: N images, F distinct n-grams of the references, E of the candidates, R references.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

from benchmark.metrics.caption.ngrams import LONGEST, CaptionWords, Counts

SIGMA = 6.0
"""Standard deviation of the Gaussian length penalty, in bigrams: COCO's value."""

Lengths = TypeVar("Lengths", bound=Any)


def cider_d(texts: CaptionWords, counts: Sequence[Counts]) -> np.ndarray:
    """(N,) scores of the images, in [0, 10]; the corpus score is their mean.

    The mean over n = 1 to 4 and over references of the cosine between tf-idf vectors, the candidate's counts clipped to
    the reference's, times a Gaussian length penalty on the difference in bigrams. Document frequencies are counted over
    the images given, so a score depends on which they are; for a single image it is 0.
    """
    images = texts.images
    image_R = texts.image_C[images:]
    cosine_R = np.sum([_cosine(one, image_R, images) for one in counts], 0)
    value_R = cosine_R / LONGEST * np.exp(log_of_lengths(texts.length_C[images:], texts.length_C[image_R]))
    return 10 * np.bincount(image_R, value_R, images) / np.bincount(image_R, minlength=images)


def log_of_lengths(one: Lengths, other: Lengths) -> Lengths:
    """The logarithm of the Gaussian length penalty of two captions, which differ by as many bigrams as words.

    one, other: lengths in words, arrays or tensors; with an empty caption, which has no bigram less, the cosine is 0.
    """
    return -((one - other) ** 2) / (2 * SIGMA**2)


def document_frequency(image_F: np.ndarray, gram_F: np.ndarray, kinds: int) -> np.ndarray:
    """(kinds,) the number of images in whose references each n-gram occurs."""
    return np.bincount(np.unique(image_F * kinds + gram_F) % max(1, kinds), minlength=kinds)


def rarity(frequency: np.ndarray, images: int) -> np.ndarray:
    """The idf of n-grams: ln(images / df), and ln(images) for df = 0. Exactly 0 where all images have the n-gram, so
    that a caption of such n-grams alone has a zero vector. Logarithms are taken one by one, since vectorised ones may
    differ in the last bit.
    """
    distinct, place = np.unique(np.maximum(1, frequency), return_inverse=True)
    return np.log(float(images)) - np.array([np.log(float(value)) for value in distinct])[place]


def vector_length(caption_F: np.ndarray, weight_F: np.ndarray, captions: int) -> np.ndarray:
    """(captions,) Euclidean norm of each caption's tf-idf vector, from the weights of its distinct n-grams."""
    return np.sqrt(np.bincount(caption_F, weight_F**2, captions))


def _cosine(counts: Counts, image_R: np.ndarray, images: int) -> np.ndarray:
    """(R,) clipped cosine between each reference and the candidate of its image, over n-grams of one length."""
    gram_F, caption_F, found_F = counts.reference_gram_F, counts.reference_caption_F, counts.match_F >= 0
    idf = rarity(document_frequency(image_R[caption_F], gram_F, counts.kinds), images)
    weight_F, weight_E = (
        idf[gram_F] * counts.reference_count_F,
        idf[counts.candidate_gram_E] * counts.candidate_count_E,
    )
    clipped_F = np.minimum(weight_E[counts.match_F[found_F]], weight_F[found_F]) * weight_F[found_F]
    dot_R = np.bincount(caption_F[found_F], clipped_F, len(image_R))
    length_R = vector_length(caption_F, weight_F, len(image_R))
    length_N = vector_length(counts.candidate_image_E, weight_E, images)
    both_R = length_R * length_N[image_R]
    return np.divide(dot_R, both_R, out=np.zeros(len(image_R)), where=both_R > 0)
