"""Sources of single digits, independent of the task made of them.

Axes: N digits, H rows, W columns.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple, final

import torch
from torch import Tensor

from datamodules.contract import DataFault
from datamodules.ranges import Count, Natural


class Digits(NamedTuple):
    """Digits of one split.

    image: (N, H, W) uint8, 0 background to 255 ink. label: (N,) long, 0..9.
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


def split_at_random(digits: Digits, seed: int, *counts: int) -> list[Digits]:
    """Split digits at random into sets of the given sizes, and a last set of all others.

    Raises DataFault where a set would be empty.
    """
    rest = len(digits.label) - sum(counts)
    if rest < 1 or min(counts) < 1:
        raise DataFault(
            f"{len(digits.label)} digits cannot be split into {' and '.join(map(str, counts))} and a rest: "
            "every part needs at least one digit. Change the sizes of the splits, or give more digits."
        )
    order = torch.randperm(len(digits.label), generator=torch.Generator().manual_seed(seed))
    return [digits.take(part) for part in order.split([*counts, rest])]


def split_blocks_at_random(digits: Digits, starts: Sequence[int], seed: int, *counts: int) -> list[Digits]:
    """Split digits into sets of the given numbers of blocks, chosen at random, and a last set of all other blocks.

    starts: index of the first digit of each block. Raises DataFault where a set would be empty.
    """
    rest = len(starts) - sum(counts)
    if rest < 1 or min(counts) < 1:
        raise DataFault(
            f"the digits come in {len(starts)} blocks, which cannot be split into {' and '.join(map(str, counts))} and "
            "a rest: every part needs at least one. Change data.source.validation and data.source.test."
        )
    after = [*starts[1:], len(digits.label)]
    block = [torch.arange(first, end) for first, end in zip(starts, after, strict=True)]
    order = torch.randperm(len(starts), generator=torch.Generator().manual_seed(seed))
    return [digits.take(torch.cat([block[n] for n in part])) for part in order.split([*counts, rest])]


class DigitSource(ABC):
    """Reads square digits, in a fixed split."""

    @property
    @abstractmethod
    def size(self) -> int:
        """Side of a digit in pixels, known before reading."""

    @abstractmethod
    def fetch(self) -> None:
        """Download the files if download is enabled. Raises DataFault."""

    @abstractmethod
    def read(self) -> DigitSplits:
        """Read and split the digits. Raises DataFault."""


FORMS = (0, 130, 256, 386, 516, 646, 776, 906, 1029, 1157, 1287, 1415, 1545, 1667)
"""Index of the first digit of each form in scikit-learn's data: a form is 0 to 9 three times, then 0 9 5 5 6 5 0 ..."""


def bundled() -> Digits:
    """All of scikit-learn's digits, in their order."""
    from sklearn.datasets import load_digits  # imported late: takes a second

    found = load_digits()
    grey_NHW = torch.from_numpy(found.images).long()  # 0..16
    return Digits(((grey_NHW * 255 + 8) // 16).to(torch.uint8), torch.from_numpy(found.target).long())


@final
class ScikitDigits(DigitSource):
    """The 1,797 handwritten digits of 8 x 8 pixels that come with scikit-learn.

    They are the test part of UCI's "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak 1998): real scans,
    averaged down to 17 grey values; not MNIST. Nothing is downloaded.

    Each writer filled in a form of some 130 digits, and the digits are ordered by form (FORMS, found where the sequence
    of labels starts again). Whole forms are split, so that no writer is in two splits. UCI counts 13 writers and there
    are 14 forms, so one writer may have filled in two.

    validation, test: number of forms of each split; all others are for training.
    """

    size = 8

    def __init__(self, validation: Count, test: Count, split_seed: Natural) -> None:
        self._validation, self._test, self._split_seed = validation, test, split_seed

    def fetch(self) -> None:
        pass

    def read(self) -> DigitSplits:
        validation, test, train = split_blocks_at_random(
            bundled(), FORMS, self._split_seed, self._validation, self._test
        )
        return DigitSplits(train, validation, test)
