"""How the digits of a canvas, in reading order, become the target: one class for each task.

Axes: B canvases, K digits of a canvas, T time steps.
"""

from abc import ABC, abstractmethod
from typing import final

import torch
from torch import Tensor

from datamodules.contract import DIGITS
from datamodules.ranges import Count


class Labels(ABC):
    """Maps the digits of a canvas to a target, and fixes how many digits a canvas has."""

    @property
    @abstractmethod
    def digits(self) -> int:
        """K, the number of digits of a canvas."""

    @property
    @abstractmethod
    def symbols(self) -> tuple[str, ...]:
        """The vocabulary, by index."""

    @property
    @abstractmethod
    def steps(self) -> int:
        """T, the length of a target; the same for all canvases."""

    @abstractmethod
    def target(self, digit_BK: Tensor) -> Tensor:
        """(B, T) long targets. digit_BK: long, digits 0..9 in reading order."""


@final
class SingleDigit(Labels):
    """The digit: 10 classes."""

    digits = 1
    symbols = DIGITS
    steps = 1

    def target(self, digit_BK: Tensor) -> Tensor:
        return digit_BK


@final
class UnorderedPair(Labels):
    """The unordered pair of digits: 55 classes (i, j), i <= j, in row-major order (DRAM's MNIST pairs)."""

    digits = 2
    steps = 1
    symbols = tuple(f"{i} {j}" for i in range(10) for j in range(i, 10))

    def target(self, digit_BK: Tensor) -> Tensor:
        one_B, other_B = digit_BK.unbind(1)
        small_B, large_B = torch.minimum(one_B, other_B), torch.maximum(one_B, other_B)
        # Row i starts at 10 + 9 + ... (i terms) and its first column is i.
        return (small_B * (19 - small_B) // 2 + large_B)[:, None]


@final
class ReadingOrder(Labels):
    """The digits as a sequence, left to right: T = K symbols, without an end symbol."""

    symbols = DIGITS

    def __init__(self, digits: Count) -> None:
        self._digits = digits

    @property
    def digits(self) -> int:
        return self._digits

    @property
    def steps(self) -> int:
        return self._digits

    def target(self, digit_BK: Tensor) -> Tensor:
        return digit_BK


@final
class Sum(Labels):
    """The sum of all digits: 9 K + 1 classes, 19 for the two of DRAM's addition."""

    steps = 1

    def __init__(self, digits: Count) -> None:
        self._digits = digits

    @property
    def digits(self) -> int:
        return self._digits

    @property
    def symbols(self) -> tuple[str, ...]:
        return tuple(str(total) for total in range(9 * self._digits + 1))

    def target(self, digit_BK: Tensor) -> Tensor:
        return torch.sum(digit_BK, dim=1, keepdim=True)
