"""Maps normalised images to displayable pixels."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, final

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

MOST_PIXELS = 224
"""Longest side in pixels; larger images are shrunk to keep pages of pictures small."""


class Tones(ABC):
    @abstractmethod
    def unit(self, image_CHW: Tensor) -> Tensor:
        """The image in [0, 1]."""

    @final
    def shown(self, image_CHW: Tensor) -> np.ndarray:
        """The image (H, W, 3) in [0, 1], of at most MOST_PIXELS a side; grey images with three equal channels."""
        unit_CHW = self.unit(image_CHW)
        unit_HWC = smaller(unit_CHW).permute(1, 2, 0).cpu().numpy()
        return np.broadcast_to(unit_HWC, (*unit_HWC.shape[:2], 3)) if unit_HWC.shape[2] == 1 else unit_HWC


@final
class Stretched(Tones):
    """Contrast stretching: the image's minimum becomes 0, its maximum 1."""

    def unit(self, image_CHW: Tensor) -> Tensor:
        low, high = image_CHW.amin(), image_CHW.amax()
        return (image_CHW - low) / (high - low).clamp(min=1e-6)


@final
class Colours(Tones):
    """Undoes the normalisation by mean and std of each channel."""

    def __init__(self, mean: list[float], std: list[float]):
        self._mean, self._std = (torch.tensor(values)[:, None, None] for values in (mean, std))

    def unit(self, image_CHW: Tensor) -> Tensor:
        return (image_CHW.cpu() * self._std + self._mean).clamp(0, 1)


def tones(data: Mapping[str, Any]) -> Tones:
    """Chosen by a data set's configuration: Colours where it has mean and std, else Stretched."""
    mean, std = data.get("mean"), data.get("std")
    return Colours(mean, std) if isinstance(mean, list) and isinstance(std, list) else Stretched()


def smaller(image_CHW: Tensor) -> Tensor:
    side = max(image_CHW.shape[1:])
    if side <= MOST_PIXELS:
        return image_CHW
    return interpolate(image_CHW[None], scale_factor=MOST_PIXELS / side, mode="area")[0]
