"""Families of warps: which parameters place a crop, and how.

Axes: R rows, P parameters of a warp.
"""

from abc import ABC, abstractmethod
from typing import final

import torch
from torch import Tensor

from datamodules.ranges import Positive


class Family(ABC):
    """A family of warps. identity: the parameters of the warp that zooms to `zoom` of the image around its centre."""

    def __init__(self, zoom: Positive):
        self.zoom = zoom

    @property
    @abstractmethod
    def identity(self) -> list[float]:
        """The parameters a fresh network gives: zero weights, this bias, as the STN paper starts its localisers."""

    @abstractmethod
    def warp(self, theta_RP: Tensor) -> Tensor:
        """(R, 2, 3) the affine matrix."""

    @abstractmethod
    def centre(self, theta_RP: Tensor) -> Tensor:
        """(R, 2) where the warp's centre lies."""

    @abstractmethod
    def moved(self, theta_RP: Tensor, to_R2: Tensor) -> Tensor:
        """(R, P) the same warp with another centre."""


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

    def moved(self, theta_RP: Tensor, to_R2: Tensor) -> Tensor:
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

    def moved(self, theta_RP: Tensor, to_R2: Tensor) -> Tensor:
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

    def moved(self, theta_RP: Tensor, to_R2: Tensor) -> Tensor:
        return to_R2
