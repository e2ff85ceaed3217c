"""All captions of a data set as symbols, with the images they belong to.

Axes: N chosen images, C captions of all images, T symbols of a caption.
"""

import logging
from functools import cached_property
from typing import NamedTuple, final

import numpy as np
import torch
from torch import Tensor

from datamodules.captions.buckets import CaptionExamples
from datamodules.captions.captioned import CaptionParts
from datamodules.captions.vocabulary import NumberedCaptions, Targets, Vocabulary, number_words
from datamodules.words import lacks_blanks

log = logging.getLogger(__name__)


class VocabularyLimits(NamedTuple):
    """min_count, max_size: of the vocabulary. max_words: of a caption; a longer one is cut."""

    min_count: int
    max_size: int
    max_words: int


@final
class Corpus:
    """The images of all parts, training first, and their captions in words of the training captions.

    Images are chosen by their numbers in `images`; `parts` has those of each part.
    """

    def __init__(self, parts: CaptionParts, wording: VocabularyLimits) -> None:
        self.images = [image for part in parts for image in part]
        self.parts = torch.arange(len(self.images)).split([len(part) for part in parts])
        self._wording = wording
        known: dict[str, int] = {}
        train = number_words((text for image in parts.train for text in image.captions), known)
        others = number_words((text for image in self.images[len(parts.train) :] for text in image.captions), known)
        self.vocabulary = Vocabulary(known, train, wording.min_count, wording.max_size)
        word, length = [train.word, others.word], [train.length, others.length]
        self._numbered = NumberedCaptions(np.concatenate(word), np.concatenate(length))
        self._count = torch.tensor([len(image.captions) for image in self.images])
        self._start = self._count.cumsum(0) - self._count

    @cached_property
    def _targets(self) -> Targets:
        return self.vocabulary.targets(self._numbered, self._wording.max_words)

    def first(self, chosen_N: Tensor) -> Tensor:
        """The first caption of each image, (N, T)."""
        return self._targets.symbol[self._start[chosen_N]]

    def references(self, chosen_N: Tensor) -> tuple[tuple[str, ...], ...]:
        """What people wrote of each image, as they wrote it."""
        return tuple(self.images[number].captions for number in chosen_N.tolist())

    def captions(self, chosen_N: Tensor) -> CaptionExamples:
        """All captions of these images to be learned. One without any word says nothing and is left out; the log says
        how many those are, and how many were cut.
        """
        image_C = torch.repeat_interleave(torch.arange(len(chosen_N)), self._count[chosen_N])
        within_C = torch.arange(len(image_C)) - (self._count[chosen_N].cumsum(0) - self._count[chosen_N])[image_C]
        caption_C = self._start[chosen_N][image_C] + within_C
        length_C = torch.from_numpy(self._numbered.length)[caption_C]
        worded_C = length_C > 0
        most = self._wording.max_words
        for counted, what in (
            (length_C > most, f"have more than {most} words and are cut"),
            (~worded_C, "have no word"),
        ):
            if counted.any():
                log.warning("%d of %d training captions %s", int(counted.sum()), len(counted), what)
        texts = [text for number in chosen_N.tolist() for text in self.images[number].captions]
        if many := sum(map(lacks_blanks, texts)):
            log.warning(
                "%d of %d training captions have no blanks between words, as Chinese and Thai are written: what stands "
                "between two blanks is learned and scored as one word. Put blanks between the words first, by a "
                "segmenter",
                many,
                len(counted),
            )
        caption_C, image_C = caption_C[worded_C], image_C[worded_C]
        told = self._targets
        count_N = torch.bincount(image_C, minlength=len(chosen_N))
        return CaptionExamples(told.symbol[caption_C], told.length[caption_C], count_N)
