"""The data set of house number reading: the target is the sequence of digits, left to right, then END."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple, final

import torch
from torch import Tensor

from datamodules.base import BaseData, Splits, content_of, derived_seed
from datamodules.contract import DIGITS, DataFault, TaskSpec
from datamodules.house_numbers.numbers import END, Numbers, joined
from datamodules.house_numbers.windows import CentreWindows, RandomWindows, WindowCropper
from datamodules.photos.pictures import squeezed
from datamodules.ranges import Count, Natural, Positive, SomeShare


class NumberParts(NamedTuple):
    """train: parts for training and validation. train_only: for training alone. test: as published."""

    train: list[Numbers]
    train_only: list[Numbers]
    test: Numbers


class NumberSource(ABC):
    """Reads numbers as squares of one size."""

    @abstractmethod
    def fetch(self) -> None:
        """Download the files if download is enabled. Raises DataFault."""

    @abstractmethod
    def read(self) -> NumberParts:
        """Read all parts. Raises DataFault."""


@final
class HouseNumbers(BaseData):
    """House numbers of a source.

    name, origin: see TaskSpec. seed: of the training stream. split_seed: of the validation split. digits: maximum
    number of digits K. channels: 1 (grey) or 3 (colour). size: side L of an image in pixels. images_per_epoch: rounded
    up to whole batches. validation_images: sampled from the training parts, at most validation_share of them.
    test_images: upper bound; the first images are taken. contrast: divisor of values in [0, 1] after each image's mean
    is subtracted. Raises DataFault for impossible sizes.
    """

    def __init__(
        self,
        name: str,
        origin: str,
        seed: Natural,
        split_seed: Natural,
        source: NumberSource,
        digits: Count,
        channels: Literal[1, 3],
        size: Count,
        batch_size: Count,
        images_per_epoch: Count,
        evaluation_batch_size: Count,
        validation_images: Count,
        validation_share: SomeShare,
        test_images: Count,
        contrast: Positive,
    ) -> None:
        super().__init__()
        self._name, self._origin, self._shape, self._digits = name, origin, (channels, size, size), digits
        self._source, self._contrast, self._test_images = source, contrast, test_images
        self._seed, self._stream, self._evaluation_batch = seed, (images_per_epoch, batch_size), evaluation_batch_size
        self._split_seed, self._validation = split_seed, (validation_images, validation_share)

    @property
    def spec(self) -> TaskSpec:
        return TaskSpec(
            name=self._name,
            origin=self._origin,
            image_shape=self._shape,
            symbols=(*DIGITS, "end"),
            max_steps=self._digits + 1,
            end=END,
            background=0.0,  # an image's own mean
            box_names=tuple(f"digit {place}" for place in range(1, self._digits + 1)),
            cut_by_boxes=True,  # around all digits of a number, as in every paper
        )

    def fetch(self) -> None:
        self._source.fetch()

    def pictures(self, paths: Sequence[Path]) -> Tensor:
        """(N, C, L, L) float: any image files, each squeezed into a whole image as if it were the box around a number,
        minus its mean. Raises DataFault that lists all unreadable files.
        """
        channels, side, _ = self._shape
        image_NCLL = squeezed(paths, side, channels) / self._contrast
        return image_NCLL - image_NCLL.mean((1, 2, 3), keepdim=True)

    def read(self) -> Splits:
        parts = self._source.read()
        scored = sum(len(part.target) for part in parts.train)
        stock = self._cutter(joined([*parts.train, *parts.train_only]))
        images, share = self._validation
        held_out = min(images, int(scored * share))
        if not 0 < held_out < scored:
            raise DataFault(
                f"{scored} training images cannot give {held_out} to validation and keep a rest: change "
                "data.validation_images or data.validation_share, or give more images."
            )
        generator = torch.Generator().manual_seed(derived_seed("validation", self._split_seed))
        order = torch.randperm(scored, generator=generator)
        rest = torch.cat([order[held_out:], torch.arange(scored, len(stock.numbers.target))])
        test = self._cutter(parts.test)
        tested = torch.arange(min(self._test_images, len(parts.test.target)))
        return Splits(
            train=RandomWindows(stock, rest.sort().values, self._seed, *self._stream),
            validation=CentreWindows(stock, order[:held_out].sort().values, self._evaluation_batch),
            test=CentreWindows(test, tested, self._evaluation_batch),
            training=lambda: content_of(*stock.numbers[:2], rest.sort().values),
        )

    def _cutter(self, numbers: Numbers) -> WindowCropper:
        return WindowCropper(numbers, self._shape[-1], self._contrast)
