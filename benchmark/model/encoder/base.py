"""Encoders, phi_enc: from an image, or a crop of one, to a feature map.

Axes: B images or glimpses, C channels, H rows, W columns.
"""

from abc import ABC, abstractmethod
from typing import final

from torch import Tensor, nn

from benchmark.model.encoder.cells import CellCentres, EvenCells
from datamodules.contract import ImageKey


class FeatureSource(ABC):
    """Where the features of whole images come from: the encoder itself, or a cache."""

    @abstractmethod
    def __call__(self, encoder: "Encoder", image_BCHW: Tensor, key: ImageKey) -> Tensor:
        """(B, *shape) features, as `encoder(image_BCHW)` computes them. key: which images of the data set these are."""


@final
class Computed(FeatureSource):
    """Computed by the encoder at each call."""

    def __call__(self, encoder: "Encoder", image_BCHW: Tensor, key: ImageKey) -> Tensor:
        features: Tensor = encoder(image_BCHW)
        return features


class Encoder(nn.Module, ABC):
    """An encoder. Its output is a feature map; a single feature vector is a map of one cell.

    shape: (channels, rows, columns) of the output. cells: where in the image its cells look. source: where the
    features of whole images come from; caching a frozen encoder's features replaces it.
    """

    shape: tuple[int, int, int]
    cells: CellCentres = EvenCells()
    source: FeatureSource = Computed()

    @abstractmethod
    def forward(self, image_BCHW: Tensor) -> Tensor:
        """(B, *shape) features, computed."""

    @final
    def encode(self, image_BCHW: Tensor, key: ImageKey) -> Tensor:
        """(B, *shape) features of whole images of a data set: computed, or looked up in a cache by their key."""
        return self.source(self, image_BCHW, key)
