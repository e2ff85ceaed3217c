"""phi_enc: what turns an image, or a glimpse of one, into features.

Axes: B images or glimpses, C channels, H rows, W columns.
"""

from abc import ABC, abstractmethod
from typing import final

from torch import Tensor, nn

from datamodules.contract import ImageKey


class FeatureSource(ABC):
    """Where the features of whole images come from."""

    @abstractmethod
    def __call__(self, encoder: "Encoder", image_BCHW: Tensor, key: ImageKey) -> Tensor:
        """(B, *shape) features, as `encoder(image_BCHW)` computes them. key: which images of the data set these are."""


@final
class Computed(FeatureSource):
    """The encoder computes them, each time."""

    def __call__(self, encoder: "Encoder", image_BCHW: Tensor, key: ImageKey) -> Tensor:
        features: Tensor = encoder(image_BCHW)
        return features


class Encoder(nn.Module, ABC):
    """A map of features; a single code is a map of one cell.

    shape: (channels, rows, columns) of what comes out. source: where the features of whole images come from; a cache of
    a frozen encoder's features replaces it.
    """

    shape: tuple[int, int, int]
    source: FeatureSource = Computed()

    @abstractmethod
    def forward(self, image_BCHW: Tensor) -> Tensor:
        """(B, *shape) features, computed."""

    @final
    def encode(self, image_BCHW: Tensor, key: ImageKey) -> Tensor:
        """(B, *shape) features of whole images as the data set has them: computed, or out of a cache by their key."""
        return self.source(self, image_BCHW, key)
