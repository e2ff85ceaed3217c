"""Training batches of captions of nearly equal length, so that no loop runs on for the one long sentence of a batch.

Source: Show, Attend and Tell (Xu et al. 2015), section 4.3, has batches of one length. Here a pass is shuffled, then
sorted by length, then cut into batches, which come in an order drawn anew: lengths within a batch differ only where one
length ends and the next begins, and every batch is full but one.

Axes: C captions of all images, N images, B examples of a batch, T symbols of the longest caption of a batch.
"""

from functools import lru_cache
from typing import NamedTuple, final

import torch
from torch import Generator, Tensor

from datamodules.base import derived_seed
from datamodules.captions.examples import Examples


class CaptionExamples(NamedTuple):
    """target: (C, T) long, IGNORED after the end. length: (C,) symbols, the end counted. per_image: (N,) how many there
    are of each image; captions stand image by image.
    """

    target: Tensor
    length: Tensor
    per_image: Tensor


class BucketBatch(NamedTuple):
    """A batch: the images (B,), by their places in the split, and what is to be said of each (B, T)."""

    image: Tensor
    target: Tensor


@final
class Buckets:
    """Which examples stand in which batch, as a function of (seed, number of the batch) alone."""

    def __init__(self, captions: CaptionExamples, examples: Examples, seed: int, batch_size: int) -> None:
        self._captions, self._examples, self._seed, self._size = captions, examples, seed, batch_size
        self._image_C = torch.repeat_interleave(captions.per_image)
        self._pass = lru_cache(2)(self._drawn_pass)
        self.batches = len(self._pass(0))
        """Of a pass."""

    def _drawn_pass(self, turn: int) -> list[Tensor]:
        generator = Generator().manual_seed(derived_seed("order", self._seed, turn))
        example_E = self._examples.drawn(self._captions.per_image, generator)
        example_E = example_E[torch.randperm(len(example_E), generator=generator)]
        example_E = example_E[self._captions.length[example_E].argsort(stable=True)]
        full, rest = divmod(len(example_E), self._size)
        sizes = [self._size] * full
        if rest:  # the batch that is not full stands anywhere, so that it is not always that of the longest
            sizes.insert(int(torch.randint(full + 1, (), generator=generator)), rest)
        batches = example_E.split(sizes)
        return [batches[place] for place in torch.randperm(len(batches), generator=generator).tolist()]

    def at(self, place: int) -> BucketBatch:
        """Batch number `place` of the stream."""
        turn, number = divmod(place, self.batches)
        chosen_B = self._pass(turn)[number]
        longest = int(self._captions.length[chosen_B].max())
        return BucketBatch(self._image_C[chosen_B], self._captions.target[chosen_B, :longest])
