"""Captions as word ids, and vectorised n-gram counts of them, shared by BLEU and CIDEr-D.

Axes: N images, C captions (the candidates of all images first, then all references), W words of all captions
concatenated, E and F distinct n-grams of the candidates and of the references, P positions of n-grams, K n-gram ids.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

LONGEST = 4
"""BLEU and CIDEr-D count n-grams of 1 to 4 words."""


class CaptionWords(NamedTuple):
    """The captions of N images: one candidate each, and their references.

    word_W: word ids of all captions. length_C: number of words of each caption. image_C: index of its image.
    """

    word_W: np.ndarray
    length_C: np.ndarray
    image_C: np.ndarray

    @property
    def images(self) -> int:
        return int(self.image_C.max(initial=-1)) + 1


class Counts(NamedTuple):
    """Counts of the n-grams of one length n.

    candidate_image_E, candidate_gram_E, candidate_count_E: each distinct n-gram of each candidate, sorted by image.
    reference_caption_F (0 is the first reference), reference_gram_F, reference_count_F: likewise of each reference.
    match_F: index in E of the same n-gram in the candidate of the same image, -1 where it has none.
    kinds: number of distinct n-grams.
    """

    candidate_image_E: np.ndarray
    candidate_gram_E: np.ndarray
    candidate_count_E: np.ndarray
    reference_caption_F: np.ndarray
    reference_gram_F: np.ndarray
    reference_count_F: np.ndarray
    match_F: np.ndarray
    kinds: int


def captions(candidates: Sequence[str], references: Sequence[Sequence[str]]) -> CaptionWords:
    """Word ids of tokenised captions, split at white space. Raises ValueError where an image has no reference, or
    where candidates and references are not equally many.
    """
    references_N = np.array([len(texts) for texts in references], dtype=np.int64)
    if len(candidates) != len(references) or not references_N.all():
        raise ValueError("each image needs one candidate and at least one reference")
    split = [text.split() for text in chain(candidates, *references)]
    number = {word: place for place, word in enumerate(dict.fromkeys(chain.from_iterable(split)))}
    word_W = np.fromiter(map(number.__getitem__, chain.from_iterable(split)), np.int64)
    image_N = np.arange(len(candidates))
    length_C = np.fromiter(map(len, split), np.int64, len(split))
    return CaptionWords(word_W, length_C, np.concatenate([image_N, np.repeat(image_N, references_N)]))


def count(texts: CaptionWords) -> list[Counts]:
    """The counts for n = 1 to 4."""
    words = int(texts.word_W.max(initial=-1)) + 1
    return [_counts(texts, one.caption_P, one.gram_P) for one in grams(texts.word_W, texts.length_C, words)]


class Grams(NamedTuple):
    """The n-grams of one length n at their P positions, caption by caption.

    caption_P: the caption of each. gram_P: its id; equal n-grams have equal ids.
    key_K: the key of each id, in ascending order: id of the first n - 1 words * vocabulary size + id of the last word.
    For n = 1, where the ids are the word ids, all of them.
    """

    caption_P: np.ndarray
    gram_P: np.ndarray
    key_K: np.ndarray


def grams(word_W: np.ndarray, length_C: np.ndarray, words: int) -> Iterator[Grams]:
    """The n-grams for n = 1 to 4. words: size of the vocabulary."""
    caption_W = np.repeat(np.arange(len(length_C)), length_C)
    left_W = np.cumsum(length_C)[caption_W] - np.arange(len(word_W))  # words from this position to the caption's end
    place, gram, key = np.arange(len(word_W)), word_W, np.arange(words)
    for n in range(1, LONGEST + 1):
        yield Grams(caption_W[place], gram, key)
        longer = left_W[place] > n
        place, gram = place[longer], gram[longer]
        key, gram = np.unique(gram * words + word_W[place + n], return_inverse=True)


def _counts(texts: CaptionWords, caption: np.ndarray, gram: np.ndarray) -> Counts:
    kinds, images = int(gram.max(initial=-1)) + 1, texts.images
    caption_D, gram_D, times_D = distinct(caption, gram, kinds)
    first = np.searchsorted(caption_D, images)  # of the references
    image_E, gram_E, caption_F, gram_F = caption_D[:first], gram_D[:first], caption_D[first:], gram_D[first:]
    candidate_E = image_E * kinds + gram_E  # a candidate's index is its image's
    key_F = texts.image_C[caption_F] * kinds + gram_F
    match_F = np.searchsorted(candidate_E, key_F)
    found_F = np.append(candidate_E, -1)[match_F] == key_F
    match_F = np.where(found_F, match_F, -1)
    return Counts(image_E, gram_E, times_D[:first], caption_F - images, gram_F, times_D[first:], match_F, kinds)


def distinct(caption_P: np.ndarray, gram_P: np.ndarray, kinds: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(D,) caption, (D,) n-gram id and (D,) count of each distinct n-gram of each caption, in ascending order."""
    key_D, times_D = np.unique(caption_P * kinds + gram_P, return_counts=True)
    return (*np.divmod(key_D, max(1, kinds)), times_D)
