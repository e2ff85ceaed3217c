"""All captions of a data set as symbol indices, with their images.

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
    """min_count: of a word in the training captions. max_size: words of the vocabulary. max_words: of a caption; longer
    ones are truncated.
    """

    min_count: int
    max_size: int
    max_words: int


@final
class Corpus:
    """The images of all splits, training first, with captions in the vocabulary of the training captions.

    images: of all splits; arguments chosen_N are indices into it. parts: the indices of each split.
    """

    def __init__(self, parts: CaptionParts, limits: VocabularyLimits) -> None:
        self.images = [image for part in parts for image in part]
        self.parts = torch.arange(len(self.images)).split([len(part) for part in parts])
        self._limits = limits
        known: dict[str, int] = {}
        train = number_words((text for image in parts.train for text in image.captions), known)
        others = number_words((text for image in self.images[len(parts.train) :] for text in image.captions), known)
        self.vocabulary = Vocabulary(known, train, limits.min_count, limits.max_size)
        word, length = [train.word, others.word], [train.length, others.length]
        self._numbered = NumberedCaptions(np.concatenate(word), np.concatenate(length))
        self._count = torch.tensor([len(image.captions) for image in self.images])
        self._start = self._count.cumsum(0) - self._count

    @cached_property
    def _targets(self) -> Targets:
        return self.vocabulary.targets(self._numbered, self._limits.max_words)

    def first(self, chosen_N: Tensor) -> Tensor:
        """(N, T) the first caption of each image."""
        return self._targets.symbol[self._start[chosen_N]]

    def references(self, chosen_N: Tensor) -> tuple[tuple[str, ...], ...]:
        """The reference captions of each image, as written."""
        return tuple(self.images[number].captions for number in chosen_N.tolist())

    def captions(self, chosen_N: Tensor) -> CaptionExamples:
        """All captions of these images, as training targets. Captions without a word are left out; the log says how
        many are left out and how many are truncated.
        """
        image_C = torch.repeat_interleave(torch.arange(len(chosen_N)), self._count[chosen_N])
        within_C = torch.arange(len(image_C)) - (self._count[chosen_N].cumsum(0) - self._count[chosen_N])[image_C]
        caption_C = self._start[chosen_N][image_C] + within_C
        length_C = torch.from_numpy(self._numbered.length)[caption_C]
        worded_C = length_C > 0
        most = self._limits.max_words
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
        targets = self._targets
        count_N = torch.bincount(image_C, minlength=len(chosen_N))
        return CaptionExamples(targets.symbol[caption_C], targets.length[caption_C], count_N)
