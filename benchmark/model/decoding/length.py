"""Length normalisation: how beam search ranks sequences of unequal lengths."""

from abc import ABC, abstractmethod
from typing import final

from torch import Tensor

from datamodules.ranges import NonNegative


class LengthNormalisation(ABC):
    """A score from a sequence's log-probability and its length."""

    @abstractmethod
    def __call__(self, log_prob: Tensor, length: Tensor) -> Tensor:
        """The score that ranks sequences, higher being better. length: in symbols with the end, 1 or more."""


@final
class NoLengthNormalisation(LengthNormalisation):
    """The log-probability itself, which favours short sequences: as in Show, Attend and Tell and NIC."""

    def __call__(self, log_prob: Tensor, length: Tensor) -> Tensor:
        return log_prob


@final
class MeanLogProb(LengthNormalisation):
    """log p / length^power. power: 1 gives the mean log-probability of a symbol, 0 the sum."""

    def __init__(self, power: NonNegative):
        self.power = power

    def __call__(self, log_prob: Tensor, length: Tensor) -> Tensor:
        return log_prob / length.to(log_prob.dtype) ** self.power
