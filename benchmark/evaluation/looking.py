"""A model run freely on some images: what it answers and where it looks. For pictures, captions and the library.

Axes: B images, T symbols, M glimpses before each, V symbols to choose from, H rows, W columns.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from benchmark.model.attention.base import Attention
from benchmark.model.attention.distribution import Draw, mode
from benchmark.model.loop import SequenceModel, averaged
from datamodules.contract import IGNORED, NO_KEY, ImageKey, TaskSpec


class Prediction(NamedTuple):
    """What a model answered for B images, and where it looked before each symbol. Detached, on the model's device.

    symbol: (B, T) long, indices into `spec.symbols`; IGNORED after the end.
    log_prob: (B, T, V) log-probabilities of the symbols at each step, averaged over trajectories.
    where: (B, T, M, ...) the glimpses of the first trajectory as the mechanism gives them: weights over items, or
        parameters of a window.
    spec: the task. attention: the mechanism, which turns `where` into pixels and maps.
    """

    symbol: Tensor
    log_prob: Tensor
    where: Tensor
    spec: TaskSpec
    attention: Attention

    @property
    def answers(self) -> list[list[str]]:
        """The symbols of each image as words, without the one that ends a sequence."""
        return [
            [self.spec.symbols[index] for index in symbol_T if index not in (IGNORED, self.spec.end)]
            for symbol_T in self.symbol.tolist()
        ]

    @property
    def side(self) -> tuple[int, int]:
        """(H, W)."""
        return self.spec.image_shape[1], self.spec.image_shape[2]

    @property
    @torch.no_grad()
    def pixels(self) -> Tensor:
        """(B, T, M, 2) the pixel (x, y) of each glimpse, counted from the image's upper left corner; NaN where the
        mechanism looks at nothing in particular. Glimpses after the end of a sequence count for nothing.
        """
        return self.attention.fixation(self.where.flatten(0, 2)).unflatten(0, self.where.shape[:3])

    @property
    def fixations(self) -> Tensor:
        """(B, T, M, 2) the same places (x, y), where -1 and 1 are the image's edges."""
        height, width = self.side
        return 2 * self.pixels / self.pixels.new_tensor([width, height]) - 1

    @property
    @torch.no_grad()
    def maps(self) -> Tensor:
        """(B, T, M, H, W) in [0, 1], how much of each pixel was seen. B * T * M images; `map_of` draws one of them."""
        return self.attention.attention_map(self.where.flatten(0, 2), self.side).unflatten(0, self.where.shape[:3])

    @torch.no_grad()
    def map_of(self, image: int, step: int, glimpse: int) -> Tensor:
        """(H, W) the map of one glimpse of one image."""
        return self.attention.attention_map(self.where[image, step, glimpse][None], self.side)[0]

    def some(self, images: slice) -> "Prediction":
        """Of some of the images."""
        return self._replace(symbol=self.symbol[images], log_prob=self.log_prob[images], where=self.where[images])


def joined(looks: list[Prediction]) -> Prediction:
    """Of the images of several batches, one after another."""
    symbol, log_prob, where = (torch.cat(parts) for parts in zip(*(look[:3] for look in looks), strict=True))
    return looks[0]._replace(symbol=symbol, log_prob=log_prob, where=where)


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
    """One batch. draw: how places are chosen, by default the policy's mode. samples: trajectories to average over.
    key: which images of the data set these are, for cached features.
    """
    rollout = rnn.eval()(image_BCHW, boxes_BN4, None, samples, draw, key)
    return Prediction(rollout.symbol[:, 0], averaged(rollout.logits), rollout.where[:, 0], spec, rnn.attention)
