"""The vocabulary of captions: "unknown", the words of the training captions, "end"; and captions as symbol indices.

`words.py` tokenises. Emitted words joined by blanks are tokenised to the same words for scoring. The vocabulary is
counted on training captions only (Show, Attend and Tell: the 10,000 most frequent words; later work: at least 5
occurrences).

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
"""The first and the last symbol. The tokeniser never emits angle brackets."""


class NumberedCaptions(NamedTuple):
    """Captions as word ids. word: of all captions, concatenated. length: (C,) number of words of each."""

    word: NDArray[np.int32]
    length: NDArray[np.int64]


def number_words(captions: Iterable[str], known: dict[str, int]) -> NumberedCaptions:
    """Captions as word ids. known: the id of each word; new words are added to it."""
    word, length = array("i"), array("q")
    for caption in captions:
        ids = [known.setdefault(each, len(known)) for each in words(caption)]
        word.extend(ids)
        length.append(len(ids))
    return NumberedCaptions(np.array(word, np.int32), np.array(length, np.int64))


class Targets(NamedTuple):
    """symbol: (C, T) long, IGNORED after the end symbol. length: (C,) number of symbols, the end symbol included."""

    symbol: Tensor
    length: Tensor


@final
class Vocabulary:
    """The vocabulary, sorted by descending frequency, then alphabetically, so that it is a function of the captions."""

    def __init__(self, known: dict[str, int], train: NumberedCaptions, least: int, most: int) -> None:
        """known: ids of all words. train: the training captions. The `most` most frequent words are taken of those that
        occur at least `least` times in them. Raises DataFault where none is left.
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
        """The targets of captions: up to `most` words of each, then the end symbol."""
        end_C = np.cumsum(captions.length)
        kept_C = np.minimum(captions.length, most)
        column_T = np.arange(most)
        place_CT = np.minimum((end_C - captions.length)[:, None] + column_T, max(len(captions.word) - 1, 0))
        symbol_CT = np.full((len(kept_C), most + 1), IGNORED, np.int64)
        if len(captions.word):
            symbol_CT[:, :most] = np.where(column_T < kept_C[:, None], self._symbol[captions.word[place_CT]], IGNORED)
        symbol_CT[np.arange(len(kept_C)), kept_C] = self.end
        return Targets(torch.from_numpy(symbol_CT), torch.from_numpy(kept_C + 1))
