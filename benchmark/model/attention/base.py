"""The interface of a mechanism: `encode` once per image, `forward` every glimpse.

Items are encoded, then attended; locations are attended, then encoded. So the mechanism owns its encoder, and nothing
outside asks which kind it is.
Axes: B images, R = B * S rows (the S trajectories of an image are neighbours), S also the size of a query, D code.
"""

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

from torch import Tensor, nn

from benchmark.model.attention.distribution import Draw
from datamodules.contract import NO_KEY, ImageKey


class Glimpse(NamedTuple):
    """What one look gives.

    code: (R, D) what was seen.
    where: (R, ...) weights over items, or parameters of a window; a mechanism reads its own.
    log_prob: (R,) of having looked there; zero for a glimpse that was not drawn.
    chance: (R, N) of each item, before anything is drawn; N = 0 for a mechanism without items.
    """

    code: Tensor
    where: Tensor
    log_prob: Tensor
    item_probs: Tensor


class Attention(nn.Module, ABC):
    """A mechanism of attention.

    code_size: D. gist_size: of what `gist` gives.
    drawn: whether a learned policy draws where to look, so that likelihood alone can't train it. blends: whether the
    expectation of what it draws is something that it never draws, as the mean of several items is.
    asked_with: of how many vectors, each as wide as a hidden state, a query consists. windows: pixels a side of what
    each view of a glimpse covers, the finest first; none where a glimpse has no fixed size. reads_annotations: whether
    it looks at the true boxes, in the test too, which no model may; a report marks it.
    """

    code_size: int
    global_feature_size: int
    drawn: bool
    takes_expectation: bool = False
    query_width: int = 1
    windows: tuple[int, ...] = ()
    reads_annotations: bool = False

    @abstractmethod
    def encode(self, image_BCHW: Tensor, boxes_BN4: Tensor, key: ImageKey = NO_KEY) -> Any:
        """Whatever does not depend on the step, once per image. No mechanism but the oracle and those that look
        at boxes reads them. key: for `self.encoder.encode(image_BCHW, key)`, where an encoder reads the whole image.
        """

    @abstractmethod
    def global_feature(self, features: Any) -> Tensor:
        """(B, gist_size) the whole image in one code, by the mechanism's own encoder. Made where a context asks."""

    @abstractmethod
    def forward(self, features: Any, query_RS: Tensor, step: int, draw: Draw) -> Glimpse:
        """The glimpse number `step` (from 0 over the whole sequence), asked for by the query."""

    @abstractmethod
    def attention_map(self, where: Tensor, side: tuple[int, int]) -> Tensor:
        """(R, H, W) in [0, 1]: how much of each pixel was seen; one drawing for all kinds."""

    @abstractmethod
    def fixation(self, where: Tensor) -> Tensor:
        """(R, 2) the pixel (x, y) looked at; NaN where the mechanism looks at nothing in particular."""

    @abstractmethod
    def policy_parameters(self) -> list[nn.Parameter]:
        """The parameters that decide where to look and learn at a rate of their own; may be none."""


class Placeless(Attention):
    """A mechanism that looks at nothing in particular: its features are one code of the whole image."""

    drawn = False

    def global_feature(self, features: Tensor) -> Tensor:
        return features

    def attention_map(self, where: Tensor, side: tuple[int, int]) -> Tensor:
        return where.new_ones(len(where), *side)

    def fixation(self, where: Tensor) -> Tensor:
        return where.new_full((len(where), 2), float("nan"))

    def policy_parameters(self) -> list[nn.Parameter]:
        return []


def placeless(code_RD: Tensor) -> Glimpse:
    """What was seen, nowhere and of no item."""
    nothing_R0 = code_RD.new_zeros(len(code_RD), 0)
    return Glimpse(code_RD, nothing_R0, code_RD.new_zeros(len(code_RD)), nothing_R0)
