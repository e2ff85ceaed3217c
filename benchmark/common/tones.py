"""How the pixels of a normalised image are shown."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, final

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

MOST_PIXELS = 224
"""A side: what is larger is shown smaller, or a page of pictures would weigh more than all else."""


class Tones(ABC):
    @abstractmethod
    def unit(self, image_CHW: Tensor) -> Tensor:
        """The same image in [0, 1]."""

    @final
    def shown(self, image_CHW: Tensor) -> np.ndarray:
        """(H, W, 3) in [0, 1], of a light size; grey as three equal colours."""
        unit_CHW = self.unit(image_CHW)
        unit_HWC = smaller(unit_CHW).permute(1, 2, 0).cpu().numpy()
        return np.broadcast_to(unit_HWC, (*unit_HWC.shape[:2], 3)) if unit_HWC.shape[2] == 1 else unit_HWC


@final
class Stretched(Tones):
    """From the image's darkest to its brightest value, whatever it was normalised by."""

    def unit(self, image_CHW: Tensor) -> Tensor:
        low, high = image_CHW.amin(), image_CHW.amax()
        return (image_CHW - low) / (high - low).clamp(min=1e-6)


@final
class Colours(Tones):
    """The colours as they were before mean and std were taken out of each."""

    def __init__(self, mean: list[float], std: list[float]):
        self._mean, self._std = (torch.tensor(values)[:, None, None] for values in (mean, std))

    def unit(self, image_CHW: Tensor) -> Tensor:
        return (image_CHW.cpu() * self._std + self._mean).clamp(0, 1)


def tones(data: Mapping[str, Any]) -> Tones:
    """By a data set's configuration: one that says the mean and std of three colours has photographs."""
    mean, std = data.get("mean"), data.get("std")
    return Colours(mean, std) if isinstance(mean, list) and isinstance(std, list) else Stretched()


def smaller(image_CHW: Tensor) -> Tensor:
    side = max(image_CHW.shape[1:])
    if side <= MOST_PIXELS:
        return image_CHW
    return interpolate(image_CHW[None], scale_factor=MOST_PIXELS / side, mode="area")[0]
