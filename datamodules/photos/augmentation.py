"""Augmentation of uint8 crops on the training device, a whole batch at once: flip, colour jitter, normalisation.

The colour jitter is that of torchvision's ColorJitter, except: brightness, contrast, saturation and hue are applied in
this order, not in a random one; all four are one affine map of a pixel's colours per image, so that a batch takes one
matrix product; hue is a rotation in the chroma plane of YIQ, not in HSV; values are clipped to [0, 1] at the end only.

Axes: B images, K boxes, S side of a crop, C = 3 channels, P = S * S pixels, Q random numbers of an image.
"""

import math
from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple, final

import torch
from annotated_types import Interval
from torch import Generator, Tensor

from datamodules.photos.boxes import clipped, mirrored
from datamodules.ranges import Share

WHITE = 255
DRAWN = 7
"""Uniform numbers in [0, 1) per image: crop position in x and y, flip, brightness, contrast, saturation, hue."""
CENTRED = 0.5
"""The value of each for no augmentation: centre crop, no flip, unchanged colours."""
GREY = (0.299, 0.587, 0.114)
"""Weights of the channels in a grey value (ITU-R 601)."""
YIQ = ((0.299, 0.587, 0.114), (0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112))


class Jitter(NamedTuple):
    """Strengths of the augmentation. place: maximum offset of the crop from the centre, as a share of the possible
    offset. mirror: probability of a horizontal flip. brightness, contrast, saturation: factors are uniform in [1 - k, 1
    + k]. hue: rotations are uniform in [-k, k] turns.
    """

    place: Share
    mirror: Share
    brightness: Share
    contrast: Share
    saturation: Share
    hue: Annotated[float, Interval(ge=0, le=0.5)]


PLAIN = Jitter(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@final
class Augmentation:
    """Augments and normalises crops of side S. mean, std: of each channel, for values in [0, 1]."""

    def __init__(self, size: int, mean: tuple[float, ...], std: tuple[float, ...], jitter: Jitter) -> None:
        self._size, self._jitter = size, jitter
        self._mean, self._std = mean, std

    @property
    def plain(self) -> bool:
        """Whether nothing is random: centre crops without flips and jitter."""
        return self._jitter == PLAIN

    @property
    def still(self) -> "Augmentation":
        """The same crops and normalisation, nothing random: for evaluation."""
        return Augmentation(self._size, self._mean, self._std, PLAIN)

    def uniforms(self, images: int, generator: Generator) -> Tensor:
        """(B, Q) random numbers of a training batch, drawn on the CPU, so that all devices get the same images."""
        uniform_BQ = torch.rand(images, DRAWN, generator=generator)
        uniform_BQ[:, :2] = CENTRED + self._jitter.place * (uniform_BQ[:, :2] - CENTRED)
        return uniform_BQ

    def images(self, square_BSSC: Tensor, uniform_BQ: Tensor) -> Tensor:
        """(B, C, S, S) float normalised images of uint8 crops on the same device. uniform_BQ: see DRAWN."""
        if self._jitter.mirror:
            mirrored_B111 = self._mirrored(uniform_BQ)[:, None, None, None]
            square_BSSC = torch.where(mirrored_B111, square_BSSC.flip(2), square_BSSC)
        image_BCSS = square_BSSC.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.contiguous_format)
        pixel_BCP = image_BCSS.flatten(2)
        mean_C1, std_C1 = (there(value, pixel_BCP)[:, None] for value in (self._mean, self._std))
        if self._jitter[2:] == PLAIN[2:]:
            return pixel_BCP.sub_(WHITE * mean_C1).div_(WHITE * std_C1).unflatten(2, image_BCSS.shape[2:])
        map_BCC, offset_BC1 = self._recoloured(uniform_BQ[:, 3:], pixel_BCP.mean(2, keepdim=True) / WHITE)
        pixel_BCP = torch.baddbmm(offset_BC1, map_BCC / WHITE, pixel_BCP).clamp_(0, 1)
        return pixel_BCP.sub_(mean_C1).div_(std_C1).unflatten(2, image_BCSS.shape[2:])

    def boxes(self, boxes_BK4: Tensor, uniform_BQ: Tensor) -> Tensor:
        """(B, K, 4) boxes in pixels of the images; clipped, and NaN where less than a pixel is left."""
        return clipped(mirrored(boxes_BK4, self._mirrored(uniform_BQ), self._size), self._size)

    def _mirrored(self, uniform_BQ: Tensor) -> Tensor:
        return uniform_BQ[:, 2] < self._jitter.mirror

    def _recoloured(self, uniform_B4: Tensor, mean_BC1: Tensor) -> tuple[Tensor, Tensor]:
        """The affine colour map of each image: matrices (B, C, C) and offsets (B, C, 1)."""
        signed_B4 = 2 * uniform_B4 - 1
        far_B4 = signed_B4 * there(self._jitter[2:], signed_B4)
        bright, contrast, saturation = (1 + far_B4[:, :3]).unsqueeze(-1).unsqueeze(-1).unbind(1)
        grey_CC = there(GREY, mean_BC1).expand(3, 3)  # each row computes grey
        one_CC = torch.eye(3, device=mean_BC1.device)
        map_BCC = bright * (saturation * one_CC + (1 - saturation) * grey_CC)
        yiq_CC = there(YIQ, mean_BC1)
        map_BCC = torch.linalg.inv(yiq_CC) @ _turn(2 * math.pi * far_B4[:, 3]) @ yiq_CC @ map_BCC
        # Contrast is relative to the mean grey value, which saturation and hue do not change.
        return contrast * map_BCC, (1 - contrast) * bright * (grey_CC @ mean_BC1)


def there(numbers: Sequence[Any], like: Tensor) -> Tensor:
    """Numbers of the host as a tensor on another tensor's device, without synchronisation."""
    return torch.tensor(numbers).to(like.device, non_blocking=True)


def _turn(angle_B: Tensor) -> Tensor:
    """(B, 3, 3) rotations of I and Q that leave Y unchanged."""
    turn_B33 = torch.zeros(len(angle_B), 3, 3, device=angle_B.device)
    turn_B33[:, 0, 0] = 1
    turn_B33[:, 1, 1] = turn_B33[:, 2, 2] = angle_B.cos()
    turn_B33[:, 1, 2], turn_B33[:, 2, 1] = -angle_B.sin(), angle_B.sin()
    return turn_B33


def centred_draws(images: int) -> Tensor:
    """(B, Q) numbers for no augmentation, as in evaluation."""
    return torch.full((images, DRAWN), CENTRED)
