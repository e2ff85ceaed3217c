"""How the log-probabilities of sequences of unequal lengths compare."""

from abc import ABC, abstractmethod
from typing import final

from torch import Tensor

from datamodules.ranges import NonNegative


class LengthNormalisation(ABC):
    """Weighs a sequence's log-probability by its length."""

    @abstractmethod
    def __call__(self, log_prob: Tensor, length: Tensor) -> Tensor:
        """The score by which sequences are ranked. length: of each in symbols, its end among them, 1 or more."""


@final
class NoLengthNormalisation(LengthNormalisation):
    """The log-probability itself, which favours short ones: what Show, Attend and Tell and NIC report."""

    def __call__(self, log_prob: Tensor, length: Tensor) -> Tensor:
        return log_prob


@final
class MeanLogProb(LengthNormalisation):
    """log p / length^power: with 1 the mean log-probability of a symbol, with 0 the sum."""

    def __init__(self, power: NonNegative):
        self.power = power

    def __call__(self, log_prob: Tensor, length: Tensor) -> Tensor:
        return log_prob / length.to(log_prob.dtype) ** self.power
