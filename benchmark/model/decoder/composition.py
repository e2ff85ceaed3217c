"""What the class of a canvas says of the digits on it, for decoders that read these."""

from abc import ABC, abstractmethod
from itertools import permutations, product
from typing import final

from benchmark.common.errors import ConfigFault
from datamodules.contract import DIGITS, TaskSpec
from datamodules.ranges import Count

KNOB = "decoder.composition"


class Composition(ABC):
    """What a symbol says of the digits of a canvas."""

    @abstractmethod
    def sequences(self, symbol: str) -> list[tuple[int, ...]]:
        """All sequences of K digits that the symbol stands for. Raises ValueError where it is none of this kind."""


@final
class UnorderedDigits(Composition):
    """A symbol such as "3 7" is a set of digits, with repetitions: its sequences are the permutations."""

    def sequences(self, symbol: str) -> list[tuple[int, ...]]:
        return sorted(set(permutations([DIGITS.index(digit) for digit in symbol.split()])))


@final
class DigitSum(Composition):
    """A symbol such as "10" is the sum of the digits. digits: K."""

    def __init__(self, digits: Count):
        self.digits = digits

    def sequences(self, symbol: str) -> list[tuple[int, ...]]:
        found = [each for each in product(range(len(DIGITS)), repeat=self.digits) if sum(each) == int(symbol)]
        if not found:
            raise ValueError(f"no {self.digits} digits add up to {symbol}")
        return found


def all_sequences(composition: Composition, spec: TaskSpec) -> list[list[tuple[int, ...]]]:
    """The sequences of each symbol of a task. Raises ConfigFault where they are not all of one length."""
    if spec.max_steps != 1 or spec.end is not None:
        raise ConfigFault([f"{KNOB}: the decoder reads one symbol of an image, and {spec.name} has sequences of them"])
    try:
        found = [composition.sequences(symbol) for symbol in spec.symbols]
    except ValueError as error:
        raise ConfigFault([f"{KNOB}: the symbols of {spec.name} are not of this kind: {error}"]) from error
    if len({len(sequence) for each in found for sequence in each}) != 1:
        raise ConfigFault([f"{KNOB}: the symbols of {spec.name} do not all stand for equally many digits"])
    return found
