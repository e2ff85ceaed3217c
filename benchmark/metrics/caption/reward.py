"""CIDEr-D of sampled captions as the reward of self-critical sequence training (Rennie et al. 2017).

Axes: I images of the training set, R rows (sampled captions of images), T time steps, C references of an image, W their
symbols, P positions of n-grams in the rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import final

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.metrics.caption.cider import document_frequency, log_of_lengths, rarity, vector_length
from benchmark.metrics.caption.ngrams import LONGEST, distinct, grams
from benchmark.metrics.caption.tokens import words
from datamodules.contract import IGNORED

AFTER, PADDING = -1, -2
"""Padding of sampled captions and of references: different values, so that padding never matches padding."""


def in_symbols(references: Sequence[Sequence[str]], number: Mapping[str, int], unknown: int) -> list[list[list[int]]]:
    """Reference captions as symbol indices. number: index of each word. unknown: index for words without one."""
    return [[[number.get(word, unknown) for word in words(text)] for text in texts] for texts in references]


@final
class CiderReward(nn.Module):
    """CIDEr-D of sampled symbol sequences, computed with tensor operations on the device, without synchronisation.

        reward = CiderReward(references, symbols=len(spec.symbols), end=spec.end)   # once
        reward_R = reward(symbol_RT, index_R)                                       # each step

    references: one or more captions of each training image, by its index, as symbols (`in_symbols`) without the end
    symbol, which is appended. symbols: size of the vocabulary. end: index of the end symbol; it counts as a word in
    candidates and references, so that a caption without it scores less than one with it.
    Document frequencies are counted over all training images, not over the batch. The tables are not saved in
    checkpoints. Raises ValueError where an image has no reference.
    """

    word_W: Tensor
    which_IC: Tensor
    length_N: Tensor
    start_N: Tensor

    def __init__(self, references: Sequence[Sequence[Sequence[int]]], symbols: int, end: int):
        super().__init__()
        self.symbols, self.end = symbols, end
        texts = [[*text, end] for several in references for text in several]
        count_I = np.array([len(several) for several in references])
        length_N = np.array([len(text) for text in texts])
        word_W = np.fromiter((symbol for text in texts for symbol in text), np.int64, int(length_N.sum()))
        image_N = np.repeat(np.arange(len(references)), count_I)
        if not count_I.all():
            raise ValueError("each image needs at least one reference")
        self.longest = int(length_N.max())
        # (I, C) index of each caption; images with fewer than C are padded with a last, empty caption
        which_IC = np.full((len(references), count_I.max()), len(texts))
        which_IC[np.arange(count_I.max()) < count_I[:, None]] = np.arange(len(texts))
        for name, value in {
            "word_W": word_W, "which_IC": which_IC, "length_N": np.append(length_N, 0),
            "start_N": np.append(np.cumsum(length_N) - length_N, 0),
            **_tables(word_W, length_N, image_N, symbols),
        }.items():  # fmt: skip
            self.register_buffer(name, torch.from_numpy(value), persistent=False)

    def forward(self, symbol_RT: Tensor, index_R: Tensor) -> Tensor:
        """(R,) float rewards, in [0, 10].

        symbol_RT: (R, T) long. Symbols after the first end symbol or IGNORED are ignored; a row may have neither.
        index_R: (R,) long, the training index of each row's image.
        """
        word_RT, length_R = self._ended(symbol_RT)
        other_WRC, which_RC = self._references(index_R)
        cosine_RC = torch.stack(list(self._cosines(word_RT, length_R, other_WRC, which_RC))).mean(0)
        length_RC = self.length_N[which_RC]
        value_RC = cosine_RC * torch.exp(log_of_lengths(length_R[:, None], length_RC)) * (length_RC > 0)
        return (10 * value_RC.sum(-1) / (length_RC > 0).sum(-1)).float()

    def _ended(self, symbol_RT: Tensor) -> tuple[Tensor, Tensor]:
        end_RT = symbol_RT == self.end
        over_RT = ((symbol_RT == IGNORED).cumsum(-1) + end_RT.cumsum(-1) - end_RT.long()) > 0
        return symbol_RT.masked_fill(over_RT, AFTER), (~over_RT).sum(-1)

    def _references(self, index_R: Tensor) -> tuple[Tensor, Tensor]:
        """(W, R, C) the symbols of the images' references, and (R, C) the indices of these captions."""
        which_RC = self.which_IC[index_R]
        start_RC, length_RC = self.start_N[which_RC], self.length_N[which_RC]
        # The batch's longest reference saves work, but on a GPU reading it would synchronise.
        longest = self.longest if index_R.is_cuda else int(length_RC.max())
        place_W11 = torch.arange(longest, device=index_R.device)[:, None, None]
        symbol_WRC = self.word_W[(start_RC + place_W11).clamp(max=len(self.word_W) - 1)]
        return symbol_WRC.masked_fill(place_W11 >= length_RC, PADDING), which_RC

    def _cosines(self, word_RT: Tensor, length_R: Tensor, other_WRC: Tensor, which_RC: Tensor) -> Iterator[Tensor]:
        """Clipped cosines (R, C) of the tf-idf vectors, for n = 1 to 4."""
        own_RTT = word_RT[:, :, None] == word_RT[:, None]
        other_WRCT = word_RT[:, None] == other_WRC[..., None]
        own_RPP, other_WRCP, gram_RP = own_RTT, other_WRCT, word_RT
        for n in range(1, LONGEST + 1):
            if n > 1:  # two n-grams are equal if their first n - 1 words and their last words are
                own_RPP = own_RPP[:, :-1, :-1] & own_RTT[:, n - 1 :, n - 1 :]
                other_WRCP = other_WRCP[:-1, ..., :-1] & other_WRCT[n - 1 :, ..., n - 1 :]
                gram_RP = self._number(n, gram_RP[:, :-1] * self.symbols + word_RT[:, n - 1 :])
            count_RP, reference_count_RCP = own_RPP.sum(-1, dtype=torch.int32), other_WRCP.sum(0, dtype=torch.int32)
            valid_RP = torch.arange(count_RP.shape[1], device=word_RT.device) + n <= length_R[:, None]
            square_RP = self.get_buffer(f"idf{n}")[gram_RP] ** 2 * valid_RP
            # An n-gram with count k stands at k positions, so each of them contributes 1 / k of its term.
            shared_RCP = torch.minimum(reference_count_RCP, count_RP[:, None]) * reference_count_RCP
            dot_RC = (shared_RCP * (square_RP / count_RP)[:, None]).sum(-1)
            norm_R1 = (square_RP * count_RP).sum(-1, keepdim=True).sqrt()
            both_RC = norm_R1 * self.get_buffer(f"norm{n}")[which_RC]
            yield dot_RC / both_RC.masked_fill(both_RC == 0, 1)

    def _number(self, n: int, key_RP: Tensor) -> Tensor:
        """The ids of n-grams, by their keys; -1, the last entry of the tables, for those in no reference."""
        known_K = self.get_buffer(f"key{n}")
        place_RP = torch.searchsorted(known_K, key_RP)
        return place_RP.masked_fill(known_K[place_RP] != key_RP, -1)


def _tables(word_W: np.ndarray, length_N: np.ndarray, image_N: np.ndarray, symbols: int) -> dict[str, np.ndarray]:
    """For each n: the keys of its n-grams, their idf, and the norm of each caption's vector. The last n-gram is a
    placeholder for those in no reference (document frequency 0), the last caption the empty one.
    """
    tables: dict[str, np.ndarray] = {}
    images = int(image_N[-1]) + 1
    for n, one in enumerate(grams(word_W, length_N, symbols), 1):
        kinds = len(one.key_K)
        caption, gram, times = distinct(one.caption_P, one.gram_P, kinds)
        idf_K = rarity(np.append(document_frequency(image_N[caption], gram, kinds), 0), images)
        norm_N = vector_length(caption, times * idf_K[gram], len(length_N) + 1)
        tables |= {f"key{n}": np.append(one.key_K, np.iinfo(np.int64).max), f"idf{n}": idf_K, f"norm{n}": norm_N}
    return tables
