"""The interface of an attention mechanism: `encode` once per image, `forward` at every glimpse.

Item-wise attention encodes, then attends; location-wise attention attends, then encodes. So a mechanism owns its
encoder, and no code outside depends on which of the two it is.
Axes: B images, R = B * S rows (the S trajectories of an image are neighbours), S also the size of a query, D code.
"""

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

from torch import Tensor, nn

from benchmark.model.attention.distribution import Draw
from datamodules.contract import NO_KEY, ImageKey

Past = tuple[Tensor, ...]
"""`where` of each glimpse so far, (R, ...) each, the last one last, without gradient; empty before the first."""

NO_GLIMPSE: Past = ()


class Glimpse(NamedTuple):
    """One glimpse of every row.

    code: (R, D) the glimpse feature that the decoder reads.
    where: (R, ...) attention weights over items, or the location or warp of a window; only the mechanism that made it
    reads it (`attention_map`, `fixation`).
    log_prob: (R,) of the sampled glimpse; zero where none was sampled.
    item_probs: (R, N) probability of each item before sampling; N = 0 for a mechanism without items.
    """

    code: Tensor
    where: Tensor
    log_prob: Tensor
    item_probs: Tensor


class Attention(nn.Module, ABC):
    """An attention mechanism.

    code_size: D, width of a glimpse's code. global_feature_size: width of what `global_feature` gives.
    drawn: whether glimpses are sampled from a learned policy, so that the likelihood alone cannot train it.
    takes_expectation: whether the expectation of a sampled glimpse is no sample itself, as the mean of several items is
    none of them; it is then evaluated too. query_width: how many vectors, each as wide as a hidden state, a query has.
    windows: side in pixels of each view of a glimpse, the finest first; empty where a glimpse has no fixed size.
    reads_annotations: whether it reads the true boxes, in the test too; reports mark it as an oracle.
    item_size: D of the items' features in `Evidence`; 0 for a mechanism that gives none.
    place_gradient: whether a glimpse's code has a gradient with respect to its place: a mean of items has, a window cut
    at whole pixels has none.
    """

    code_size: int
    global_feature_size: int
    drawn: bool
    takes_expectation: bool = False
    query_width: int = 1
    windows: tuple[int, ...] = ()
    reads_annotations: bool = False
    item_size: int = 0
    place_gradient: bool = False

    @abstractmethod
    def encode(self, image_BCHW: Tensor, boxes_BN4: Tensor, key: ImageKey = NO_KEY) -> Any:
        """Whatever does not depend on the time step, computed once per image. Only the oracle and attention over
        annotated boxes read `boxes_BN4`. key: for `self.encoder.encode(image_BCHW, key)`, where an encoder reads the
        whole image, so that its features can be cached.
        """

    @abstractmethod
    def global_feature(self, features: Any) -> Tensor:
        """(B, global_feature_size) one feature vector of the whole image, by the mechanism's own encoder; computed only
        if the context uses it.
        """

    @abstractmethod
    def forward(self, features: Any, query_RS: Tensor, step: int, draw: Draw, past: Past = NO_GLIMPSE) -> Glimpse:
        """The next glimpse. query_RS: of the decoder. step: number of the glimpse, from 0 over the whole sequence.
        past: `where` of the glimpses before it, for policies that read what was seen there.
        """

    @abstractmethod
    def attention_map(self, where: Tensor, side: tuple[int, int]) -> Tensor:
        """(R, H, W) in [0, 1]: how much each pixel was attended, for images of this (height, width)."""

    @abstractmethod
    def fixation(self, where: Tensor) -> Tensor:
        """(R, 2) the fixation, a pixel (x, y); NaN for a mechanism without one."""

    @abstractmethod
    def policy_parameters(self) -> list[nn.Parameter]:
        """The parameters that decide where to look, which have a learning rate of their own; may be empty."""


class WholeImage(Attention):
    """No attention: every glimpse sees the whole image, whose features are one vector (B, D)."""

    drawn = False

    def global_feature(self, features: Tensor) -> Tensor:
        return features

    def attention_map(self, where: Tensor, side: tuple[int, int]) -> Tensor:
        return where.new_ones(len(where), *side)

    def fixation(self, where: Tensor) -> Tensor:
        return where.new_full((len(where), 2), float("nan"))

    def policy_parameters(self) -> list[nn.Parameter]:
        return []


def whole_image_glimpse(code_RD: Tensor) -> Glimpse:
    """A glimpse of the whole image: no location, no items, nothing sampled."""
    nothing_R0 = code_RD.new_zeros(len(code_RD), 0)
    return Glimpse(code_RD, nothing_R0, code_RD.new_zeros(len(code_RD)), nothing_R0)
