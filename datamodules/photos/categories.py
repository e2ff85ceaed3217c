"""The data set of image classification: one category per photograph, a sequence of T = 1.

Axes: N photographs, B images of a batch, K boxes.
"""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple, final

import torch
from torch import Generator, Tensor

from datamodules.base import BaseData, Splits, derived_seed
from datamodules.contract import DataFault, TaskSpec
from datamodules.photos.augmentation import Augmentation, Jitter
from datamodules.photos.photo_splits import FixedPhotos, PhotoCropper, PhotoStream, PhotoTargets
from datamodules.photos.photo_stock import PhotoReading, PhotoSource, digest, outline, stock
from datamodules.photos.photographs import Photograph
from datamodules.photos.pictures import central_crops
from datamodules.ranges import ArgumentsOf, Colours, Count, Deviations, Natural, SomeShare
from datamodules.storage.cache import Cache


class LabelledPhotos(NamedTuple):
    """Readable photographs, and the category of each, from 0."""

    photos: list[Photograph]
    label: list[int]


class CategoryParts(NamedTuple):
    """train: the published training part, from which validation is also sampled. test: the published test part."""

    train: LabelledPhotos
    test: LabelledPhotos


class CategorySource(ABC):
    """Reads photographs with categories. symbols: names of the categories. box_names, cut_by_boxes: see TaskSpec."""

    symbols: tuple[str, ...]
    box_names: tuple[str, ...]
    cut_by_boxes: bool

    @abstractmethod
    def fetch(self) -> None:
        """Download the files if download is enabled. Raises DataFault."""

    @abstractmethod
    def read(self) -> CategoryParts:
        """All readable photographs. Raises DataFault."""


@final
class Category(PhotoTargets):
    """Targets: the category of each photograph."""

    def __init__(self, label: Sequence[int]) -> None:
        self._label_N1 = torch.tensor(label)[:, None]

    def for_training(self, chosen_B: Tensor, generator: Generator) -> Tensor:
        return self._label_N1[chosen_B]

    def for_evaluation(self, chosen_B: Tensor) -> Tensor:
        return self._label_N1[chosen_B]


@final
class Categories(BaseData):
    """Photographs of a source, to be classified.

    name, origin: see TaskSpec. seed: of the training stream. split_seed: of the validation split. size: side S of an
    image in pixels, cropped from a photograph whose short side has `reading.short` pixels. mean, std: of each channel,
    for values in [0, 1]. jitter: see Jitter. images_per_epoch: rounded up to whole batches. validation_images: sampled
    from the training part, balanced over categories, at most validation_share of it. test_images: upper bound; the
    first of each category are taken. Raises DataFault for impossible sizes.
    """

    def __init__(
        self,
        name: str,
        origin: str,
        seed: Natural,
        split_seed: Natural,
        source: CategorySource,
        reading: PhotoReading,
        cache: Cache,
        size: Count,
        mean: Colours,
        std: Deviations,
        jitter: Annotated[Mapping[str, float], ArgumentsOf(Jitter)],
        batch_size: Count,
        images_per_epoch: Count,
        evaluation_batch_size: Count,
        validation_images: Count,
        validation_share: SomeShare,
        test_images: Count,
    ) -> None:
        super().__init__()
        self._make = Augmentation(size, tuple(mean), tuple(std), Jitter(**jitter))
        if reading.short < size:
            raise DataFault(f"data.size={size} px cannot be cut out of photographs of data.short={reading.short} px.")
        self._name, self._origin, self._source, self._reading, self._cache = name, origin, source, reading, cache
        self._size, self._seed, self._split_seed = size, seed, split_seed
        self._stream, self._evaluation_batch = (images_per_epoch, batch_size), evaluation_batch_size
        self._validation, self._test_images = (validation_images, validation_share), test_images

    @property
    def spec(self) -> TaskSpec:
        return TaskSpec(
            name=self._name, origin=self._origin, image_shape=(3, self._size, self._size), symbols=self._source.symbols,
            max_steps=1, end=None, background=0.0,  # the mean colour
            box_names=self._source.box_names, cut_by_boxes=self._source.cut_by_boxes,
        )  # fmt: skip

    def fetch(self) -> None:
        self._source.fetch()

    def pictures(self, paths: Sequence[Path]) -> Tensor:
        """(N, 3, S, S) float: any image files, preprocessed as for evaluation, without boxes. Raises DataFault that
        lists all unreadable files.
        """
        return central_crops(paths, self._reading, self._size, self._make.still)

    def read(self) -> Splits:
        (train, test), (images, share) = self._source.read(), self._validation
        held_out = min(images, int(len(train.label) * share))
        if held_out < 1:
            raise DataFault(
                f"{len(train.label)} photographs to train on cannot give any to validation: change "
                "data.validation_images or data.validation_share, or give more photographs."
            )
        order = in_turns(train.label, self._split_seed)
        rest, chosen = torch.tensor(order[held_out:]).sort().values, sorted(order[:held_out])
        stocked, tested = self._stock(train, "train"), first_of_each(test.label)[: self._test_images]
        cutter, targets = self._cutter(stocked), Category(train.label)
        still = self._fixed(train, rest.tolist(), stocked)
        return Splits(
            train=PhotoStream(cutter, self._make, targets, rest, self._seed, *self._stream, still),
            validation=self._fixed(train, chosen, stocked),
            test=self._fixed(test, sorted(tested), self._stock(test, "test")),
            training=lambda: outline(train.photos, train.label),
        )

    def _stock(self, part: LabelledPhotos, name: str) -> PhotoSource:
        return stock(part.photos, name, self._reading, self._cache)

    def _cutter(self, stocked: PhotoSource) -> PhotoCropper:
        return PhotoCropper(stocked, self._size, len(self._source.box_names), self._reading.workers)

    def _fixed(self, part: LabelledPhotos, chosen: list[int], stocked: PhotoSource) -> FixedPhotos:
        def content() -> str:
            return f"{digest([part.photos[number] for number in chosen], self._reading)} {self._size}"

        targets, cutter = Category(part.label), self._cutter(stocked)
        return FixedPhotos(cutter, self._make.still, targets, torch.tensor(chosen), self._evaluation_batch, content)


def first_of_each(label: Sequence[int]) -> list[int]:
    """All indices, the first of each category, then the second of each, ...: every prefix is balanced."""
    seen: dict[int, int] = defaultdict(int)
    turn = []
    for place, category in enumerate(label):
        turn.append((seen[category], category, place))
        seen[category] += 1
    return [place for *_, place in sorted(turn)]


def in_turns(label: Sequence[int], seed: int) -> list[int]:
    """The same with each category's photographs in random order, seeded by `seed` and the category alone."""
    own: dict[int, list[int]] = defaultdict(list)
    for place, category in enumerate(label):
        own[category].append(place)
    turns = []
    for category, places in own.items():
        generator = Generator().manual_seed(derived_seed("validation", seed, category))
        order = torch.randperm(len(places), generator=generator).tolist()
        turns += [(turn, category, places[number]) for turn, number in enumerate(order)]
    return [place for *_, place in sorted(turns)]
