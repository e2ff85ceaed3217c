"""Families of affine warps of a spatial transformer: all six parameters, scale and translation, or translation alone.

Axes: R rows, P parameters of a warp.
"""

from abc import ABC, abstractmethod
from typing import final

import torch
from torch import Tensor

from datamodules.ranges import Positive


class Family(ABC):
    """A family of warps with P parameters each. zoom: side of the initial crop, as a fraction of the image's side."""

    def __init__(self, zoom: Positive):
        self.zoom = zoom

    @property
    @abstractmethod
    def identity(self) -> list[float]:
        """The parameters of the initial, centred crop; the localiser's other weights start at zero (STN paper)."""

    @abstractmethod
    def warp(self, theta_RP: Tensor) -> Tensor:
        """(R, 2, 3) affine matrices, from the crop's to the image's coordinates, both in [-1, 1]."""

    @abstractmethod
    def centre(self, theta_RP: Tensor) -> Tensor:
        """(R, 2) the centre (x, y) of the crop in the image, in [-1, 1] inside it."""

    @abstractmethod
    def recentred(self, theta_RP: Tensor, to_R2: Tensor) -> Tensor:
        """(R, P) the parameters of the same warp with another centre."""


@final
class Affine(Family):
    """All six parameters (eqs 29-30)."""

    @property
    def identity(self) -> list[float]:
        return [self.zoom, 0.0, 0.0, 0.0, self.zoom, 0.0]

    def warp(self, theta_RP: Tensor) -> Tensor:
        return theta_RP.unflatten(-1, (2, 3))

    def centre(self, theta_RP: Tensor) -> Tensor:
        return theta_RP[:, 2::3]

    def recentred(self, theta_RP: Tensor, to_R2: Tensor) -> Tensor:
        shape_R22 = theta_RP.unflatten(-1, (2, 3))[..., :2]
        return torch.cat([shape_R22, to_R2[..., None]], -1).flatten(1)


@final
class Zoom(Family):
    """Scale and translation (s, x, y): the attention-only form of the STN paper."""

    @property
    def identity(self) -> list[float]:
        return [self.zoom, 0.0, 0.0]

    def warp(self, theta_RP: Tensor) -> Tensor:
        scale_R1, to_R2 = theta_RP[:, :1], theta_RP[:, 1:]
        eye_R22 = scale_R1[..., None] * torch.eye(2, device=theta_RP.device, dtype=theta_RP.dtype)
        return torch.cat([eye_R22, to_R2[..., None]], -1)

    def centre(self, theta_RP: Tensor) -> Tensor:
        return theta_RP[:, 1:]

    def recentred(self, theta_RP: Tensor, to_R2: Tensor) -> Tensor:
        return torch.cat([theta_RP[:, :1], to_R2], -1)


@final
class Shift(Family):
    """Translation (x, y) alone, the scale staying as it starts: the STN paper's birds."""

    @property
    def identity(self) -> list[float]:
        return [0.0, 0.0]

    def warp(self, theta_RP: Tensor) -> Tensor:
        eye_22 = self.zoom * torch.eye(2, device=theta_RP.device, dtype=theta_RP.dtype)
        return torch.cat([eye_22.expand(len(theta_RP), 2, 2), theta_RP[..., None]], -1)

    def centre(self, theta_RP: Tensor) -> Tensor:
        return theta_RP

    def recentred(self, theta_RP: Tensor, to_R2: Tensor) -> Tensor:
        return to_R2
