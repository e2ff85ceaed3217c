"""What is asked of a canvas: how the digits on it, in reading order, become the target. One class a form of question.

Axes: B canvases, K digits of a canvas, T symbols of the answer.
"""

from abc import ABC, abstractmethod
from typing import final

import torch
from torch import Tensor

from datamodules.contract import DIGITS
from datamodules.ranges import Count


class Labels(ABC):
    """A form of question. It says how many digits a canvas holds, so that no number is typed twice."""

    @property
    @abstractmethod
    def digits(self) -> int:
        """K, the digits of a canvas."""

    @property
    @abstractmethod
    def symbols(self) -> tuple[str, ...]:
        """What may be answered, by index."""

    @property
    @abstractmethod
    def steps(self) -> int:
        """T, the symbols of an answer; all answers are equally long."""

    @abstractmethod
    def target(self, digit_BK: Tensor) -> Tensor:
        """The answers (B, T), long, to digits 0..9 given in reading order."""


@final
class SingleDigit(Labels):
    """Which digit it is: 10 classes."""

    digits = 1
    symbols = DIGITS
    steps = 1

    def target(self, digit_BK: Tensor) -> Tensor:
        return digit_BK


@final
class UnorderedPair(Labels):
    """Which two digits they are, in any order: 55 classes (i, j), i <= j, counted row by row (DRAM's MNIST pairs)."""

    digits = 2
    steps = 1
    symbols = tuple(f"{i} {j}" for i in range(10) for j in range(i, 10))

    def target(self, digit_BK: Tensor) -> Tensor:
        one_B, other_B = digit_BK.unbind(1)
        small_B, large_B = torch.minimum(one_B, other_B), torch.maximum(one_B, other_B)
        # Row i starts after the 10 + 9 + ... classes of the rows before it, less the i that it has no column for.
        return (small_B * (19 - small_B) // 2 + large_B)[:, None]


@final
class ReadingOrder(Labels):
    """Each digit in turn, left to right: as many symbols as digits, and no end symbol, their number being known."""

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
