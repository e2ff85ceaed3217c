"""The training split of captioned photographs, batched by caption length, and the targets of the evaluation splits.

Axes: B images of a batch, N images, T symbols of a caption.
"""

from typing import final

import torch
from torch import Generator, Tensor

from datamodules.base import FixedSplit, RepeatingSplit, derived_seed
from datamodules.captions.buckets import Buckets
from datamodules.contract import Batch
from datamodules.photos.augmentation import Augmentation
from datamodules.photos.photo_splits import AHEAD, CropRequest, PhotoCropper, PhotoTargets, made_batch, without_jitter


@final
class BucketedCaptions(RepeatingSplit):
    """An endless training stream in batches of captions of nearly equal length, with random crops.

    photograph: (N,) index in the stock of each image of the split. still: the same images without augmentation.
    """

    def __init__(self, cutter: PhotoCropper, make: Augmentation, photograph: Tensor, buckets: Buckets, seed: int,
                 batches: int, still: FixedSplit) -> None:  # fmt: skip
        self._cutter, self._make, self._photograph = cutter, make, photograph
        self._buckets, self._seed, self._batches, self._still = buckets, seed, batches, still

    @property
    def batches(self) -> int:
        return self._batches

    def _request(self, place: int) -> CropRequest:
        image_B = self._buckets.at(place).image
        generator = Generator().manual_seed(derived_seed("train", self._seed, place))
        return CropRequest(self._photograph[image_B], self._make.uniforms(len(image_B), generator))

    def each(self) -> FixedSplit:
        return without_jitter(self._make, self._still)

    def batch(self, epoch: int, number: int, device: torch.device) -> Batch:
        place = epoch * self._batches + number
        squares, batch = self._cutter.cut(range(place, place + 1 + AHEAD), self._request), self._buckets.at(place)
        return made_batch(squares, self._request(place), batch.target, batch.image, self._make, device)


@final
class FirstCaption(PhotoTargets):
    """The evaluation target of a photograph: its first caption, for the likelihood. Scores use all as references.

    target_NT: (N, T) long, of the photographs of the stock.
    """

    def __init__(self, target_NT: Tensor) -> None:
        self._target = target_NT

    def for_training(self, chosen_B: Tensor, generator: Generator) -> Tensor:
        return self.for_evaluation(chosen_B)

    def for_evaluation(self, chosen_B: Tensor) -> Tensor:
        return self._target[chosen_B]
