"""Where single digits come from. A source reads digits; what is made of them is no business of its own.

Axes: N digits, H rows, W columns.
"""

from abc import ABC, abstractmethod
from typing import NamedTuple, final

import torch
from torch import Tensor

from datamodules.contract import DataFault
from datamodules.ranges import Count, Natural


class Digits(NamedTuple):
    """Digits of one split.

    image: (N, H, W) uint8, 0 is background and 255 ink. label: (N,) long, 0..9.
    """

    image: Tensor
    label: Tensor

    def take(self, chosen: Tensor) -> "Digits":
        return Digits(self.image[chosen], self.label[chosen])


class DigitSplits(NamedTuple):
    """Three sets of digits with no digit in common."""

    train: Digits
    validation: Digits
    test: Digits


def carve(digits: Digits, seed: int, *counts: int) -> list[Digits]:
    """Split digits at random into sets of the given sizes and a last one of all the rest.

    Raises DataFault where a part would be empty.
    """
    rest = len(digits.label) - sum(counts)
    if rest < 1 or min(counts) < 1:
        raise DataFault(
            f"{len(digits.label)} digits cannot be split into {' and '.join(map(str, counts))} and a rest: "
            "every part needs at least one digit. Change the sizes of the splits, or give more digits."
        )
    order = torch.randperm(len(digits.label), generator=torch.Generator().manual_seed(seed))
    return [digits.take(part) for part in order.split([*counts, rest])]


class DigitSource(ABC):
    """Reads square digits, split for good."""

    @property
    @abstractmethod
    def size(self) -> int:
        """The side of a digit in pixels, known before anything is read."""

    @abstractmethod
    def fetch(self) -> None:
        """Bring the files here if that was asked for. Raises DataFault."""

    @abstractmethod
    def read(self) -> DigitSplits:
        """Read and split the digits. Raises DataFault."""


@final
class ScikitDigits(DigitSource):
    """The 1,797 handwritten digits of 8 x 8 pixels that come with scikit-learn.

    They are the test part of UCI's "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak 1998): real scans,
    averaged down to 17 grey values, and not MNIST. Nothing is fetched, no file outside the package is read.
    """

    size = 8

    def __init__(self, validation: Count, test: Count, split_seed: Natural) -> None:
        self._validation, self._test, self._split_seed = validation, test, split_seed

    def fetch(self) -> None:
        pass

    def read(self) -> DigitSplits:
        from sklearn.datasets import load_digits  # takes a second, and only this source needs it

        bundled = load_digits()
        grey_NHW = torch.from_numpy(bundled.images).long()  # 0..16
        digits = Digits(((grey_NHW * 255 + 8) // 16).to(torch.uint8), torch.from_numpy(bundled.target).long())
        validation, test, train = carve(digits, self._split_seed, self._validation, self._test)
        return DigitSplits(train, validation, test)
