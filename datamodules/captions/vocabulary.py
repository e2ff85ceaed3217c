"""From captions to symbols: the words of the training captions, between "unknown" and "end".

What a word is, `words.py` says. What a model says, written with blanks between, has the words that it is scored by. A
vocabulary is counted on training captions only (Show, Attend and Tell: the 10,000 most frequent; later practice: more
than 5 times).

Axes: C captions, T symbols of a caption, the end among them.
"""

from array import array
from collections.abc import Iterable
from typing import NamedTuple, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datamodules.contract import IGNORED, DataFault
from datamodules.words import words

UNKNOWN, END = "<unk>", "<end>"
"""The first symbol and the last. No word has their brackets."""


class NumberedCaptions(NamedTuple):
    """Captions as the numbers of their words, one caption after another; length: (C,) of each."""

    word: NDArray[np.int32]
    length: NDArray[np.int64]


def number_words(captions: Iterable[str], known: dict[str, int]) -> NumberedCaptions:
    """Numbers each word by its place in `known`, and enters there what is new."""
    word, length = array("i"), array("q")
    for caption in captions:
        told = [known.setdefault(each, len(known)) for each in words(caption)]
        word.extend(told)
        length.append(len(told))
    return NumberedCaptions(np.array(word, np.int32), np.array(length, np.int64))


class Targets(NamedTuple):
    """symbol: (C, T) long, IGNORED after the end. length: (C,) symbols, the end counted. cut: captions too long."""

    symbol: Tensor
    length: Tensor
    cut: int


@final
class Vocabulary:
    """Words by frequency, the more frequent first and equals by alphabet, so that it is a function of the captions."""

    def __init__(self, known: dict[str, int], train: NumberedCaptions, least: int, most: int) -> None:
        """Of all words numbered so far, those that stand in training captions at least `least` times, and at most
        `most` of them. Raises DataFault where none is left.
        """
        count = np.bincount(train.word, minlength=len(known))
        ranked = sorted((-int(count[place]), word) for word, place in known.items() if count[place] >= least)[:most]
        if not ranked:
            raise DataFault(f"no word stands data.min_count={least} times in the training captions: lower it.")
        self.symbols = (UNKNOWN, *(word for _, word in ranked), END)
        self._symbol = np.zeros(len(known), np.int64)
        for place, (_, word) in enumerate(ranked, start=1):
            self._symbol[known[word]] = place

    @property
    def end(self) -> int:
        return len(self.symbols) - 1

    def targets(self, captions: NumberedCaptions, most: int) -> Targets:
        """What is to be said: up to `most` words of each caption, and the end."""
        end_C = np.cumsum(captions.length)
        kept_C = np.minimum(captions.length, most)
        column_T = np.arange(most)
        place_CT = np.minimum((end_C - captions.length)[:, None] + column_T, max(len(captions.word) - 1, 0))
        symbol_CT = np.full((len(kept_C), most + 1), IGNORED, np.int64)
        if len(captions.word):
            symbol_CT[:, :most] = np.where(column_T < kept_C[:, None], self._symbol[captions.word[place_CT]], IGNORED)
        symbol_CT[np.arange(len(kept_C)), kept_C] = self.end
        cut = int((captions.length > most).sum())
        return Targets(torch.from_numpy(symbol_CT), torch.from_numpy(kept_C + 1), cut)
