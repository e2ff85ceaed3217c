"""A model's predictions without teacher forcing, with its fixations and attention maps; for pictures and the library.

Axes: B images, T time steps, M glimpses before each symbol, V symbols of the vocabulary, H rows, W columns.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from benchmark.model.attention.base import Attention
from benchmark.model.attention.distribution import Draw, mode
from benchmark.model.decoding.rollout import averaged
from benchmark.model.loop import SequenceModel
from datamodules.contract import IGNORED, NO_KEY, ImageKey, TaskSpec


class Prediction(NamedTuple):
    """What a model emitted for B images, and its glimpses before each symbol. Detached, on the model's device.

    symbol: (B, T) long, indices into `spec.symbols`; IGNORED after the end.
    log_prob: (B, T, V) log-probabilities of the symbols at each step, averaged over trajectories.
    where: (B, T, M, ...) the glimpses of the first trajectory in the mechanism's own form: attention weights over
        items, or parameters of a window.
    spec: the task. attention: the mechanism, which converts `where` to fixations and attention maps.
    """

    symbol: Tensor
    log_prob: Tensor
    where: Tensor
    spec: TaskSpec
    attention: Attention

    @property
    def answers(self) -> list[list[str]]:
        """The emitted symbols of each image as strings, without the end symbol."""
        return [
            [self.spec.symbols[index] for index in symbol_T if index not in (IGNORED, self.spec.end)]
            for symbol_T in self.symbol.tolist()
        ]

    @property
    def side(self) -> tuple[int, int]:
        """(H, W) of the images."""
        return self.spec.image_shape[1], self.spec.image_shape[2]

    @property
    @torch.no_grad()
    def pixels(self) -> Tensor:
        """(B, T, M, 2) the fixation of each glimpse as a pixel (x, y) from the image's upper left corner; NaN where the
        mechanism has no single fixation. Glimpses after the end of a sequence are meaningless.
        """
        return self.attention.fixation(self.where.flatten(0, 2)).unflatten(0, self.where.shape[:3])

    @property
    def fixations(self) -> Tensor:
        """(B, T, M, 2) the fixations (x, y) in normalised coordinates, -1 and 1 at the image's edges."""
        height, width = self.side
        return 2 * self.pixels / self.pixels.new_tensor([width, height]) - 1

    @property
    @torch.no_grad()
    def maps(self) -> Tensor:
        """(B, T, M, H, W) attention maps, in [0, 1]. All B * T * M of them at once; `map_of` computes a single one."""
        return self.attention.attention_map(self.where.flatten(0, 2), self.side).unflatten(0, self.where.shape[:3])

    @torch.no_grad()
    def map_of(self, image: int, step: int, glimpse: int) -> Tensor:
        """(H, W) the attention map of one glimpse."""
        return self.attention.attention_map(self.where[image, step, glimpse][None], self.side)[0]

    def some(self, images: slice) -> "Prediction":
        """The predictions of a slice of the images."""
        return self._replace(symbol=self.symbol[images], log_prob=self.log_prob[images], where=self.where[images])


def joined(batches: list[Prediction]) -> Prediction:
    """The predictions of several batches, concatenated."""
    symbol, log_prob, where = (torch.cat(parts) for parts in zip(*(batch[:3] for batch in batches), strict=True))
    return batches[0]._replace(symbol=symbol, log_prob=log_prob, where=where)


@torch.no_grad()
def predict(
    rnn: SequenceModel,
    spec: TaskSpec,
    image_BCHW: Tensor,
    boxes_BN4: Tensor,
    draw: Draw = mode,
    samples: int = 1,
    key: ImageKey = NO_KEY,
) -> Prediction:
    """The predictions for one batch, in eval mode. draw: how glimpses are chosen, by default the policy's mode.
    samples: trajectories to average over. key: the images' split and indices, to look up cached features.
    """
    rollout = rnn.eval()(image_BCHW, boxes_BN4, None, samples, draw, key)
    return Prediction(rollout.symbol[:, 0], averaged(rollout.logits), rollout.where[:, 0], spec, rnn.attention)
