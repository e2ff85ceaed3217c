"""Training batches of captions of nearly equal length, so that few time steps are spent on padding.

Source: Show, Attend and Tell (Xu et al. 2015), section 4.3, has batches of equal length. Here the captions of an epoch
are shuffled, sorted by length and divided into batches, which come in random order. So a batch may hold two or more
adjacent lengths, and all batches but one are full.

Axes: C captions of all images, N images, B examples of a batch, T symbols of the longest caption of a batch.
"""

from functools import lru_cache
from typing import NamedTuple, final

import torch
from torch import Generator, Tensor

from datamodules.base import derived_seed
from datamodules.captions.examples import Examples


class CaptionExamples(NamedTuple):
    """target: (C, T) long, IGNORED after the end symbol. length: (C,) number of symbols, the end symbol included.
    per_image: (N,) number of captions of each image; captions are ordered by image.
    """

    target: Tensor
    length: Tensor
    per_image: Tensor


class BucketBatch(NamedTuple):
    """A batch: image, (B,) indices in the split, and target, (B, T)."""

    image: Tensor
    target: Tensor


@final
class Buckets:
    """Assigns examples to batches, as a function of (seed, batch number) alone."""

    def __init__(self, captions: CaptionExamples, examples: Examples, seed: int, batch_size: int) -> None:
        self._captions, self._examples, self._seed, self._size = captions, examples, seed, batch_size
        self._image_C = torch.repeat_interleave(captions.per_image)
        self._pass = lru_cache(2)(self._drawn_pass)
        self.batches = len(self._pass(0))
        """Number of batches of an epoch."""

    def _drawn_pass(self, turn: int) -> list[Tensor]:
        generator = Generator().manual_seed(derived_seed("order", self._seed, turn))
        example_E = self._examples.drawn(self._captions.per_image, generator)
        example_E = example_E[torch.randperm(len(example_E), generator=generator)]
        example_E = example_E[self._captions.length[example_E].argsort(stable=True)]
        full, rest = divmod(len(example_E), self._size)
        sizes = [self._size] * full
        if rest:  # the incomplete batch is at a random position, so that it is not always the longest captions
            sizes.insert(int(torch.randint(full + 1, (), generator=generator)), rest)
        batches = example_E.split(sizes)
        return [batches[place] for place in torch.randperm(len(batches), generator=generator).tolist()]

    def at(self, place: int) -> BucketBatch:
        """Batch number `place` of the stream."""
        turn, number = divmod(place, self.batches)
        chosen_B = self._pass(turn)[number]
        longest = int(self._captions.length[chosen_B].max())
        return BucketBatch(self._image_C[chosen_B], self._captions.target[chosen_B, :longest])
