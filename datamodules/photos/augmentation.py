"""From squares of bytes to a model's images, a whole batch at once on its device: mirrored, recoloured, normalised.

Colour is changed as by torchvision's ColorJitter, brightness, contrast, saturation and hue, in that order and not a
drawn one; all four are one affine map of a pixel's colours, an image each, so that a batch is one product of matrices.
Hue turns in the plane of the colours (YIQ), not around the hexagon of HSV. What leaves [0, 1] is clipped at the end.

Axes: B images, K boxes, S side of a square, C = 3 colours, P = S * S pixels, Q numbers drawn for an image.
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
"""Numbers in [0, 1) an image: its place in x and y, whether mirrored, brightness, contrast, saturation, hue."""
CENTRED = 0.5
"""In the place of each: the middle, not mirrored, colours as they are."""
GREY = (0.299, 0.587, 0.114)
"""What colours add to a grey value (ITU-R 601)."""
YIQ = ((0.299, 0.587, 0.114), (0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112))


class Jitter(NamedTuple):
    """How far images are changed. place: how far from the middle a square may lie, as a share of the room there is.
    mirror: share of the images. brightness, contrast, saturation: factors within 1 - k and
    1 + k. hue: turns, within -k and k.
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
    """Makes images of squares of side S. mean, std: a colour each, of values in [0, 1]."""

    def __init__(self, size: int, mean: tuple[float, ...], std: tuple[float, ...], jitter: Jitter) -> None:
        self._size, self._jitter = size, jitter
        self._mean, self._std = mean, std

    @property
    def plain(self) -> bool:
        """Whether nothing is drawn: the middle square, as it is."""
        return self._jitter == PLAIN

    def uniforms(self, images: int, generator: Generator) -> Tensor:
        """The numbers of a training batch, (B, Q), on the CPU, so that every device sees the same images."""
        uniform_BQ = torch.rand(images, DRAWN, generator=generator)
        uniform_BQ[:, :2] = CENTRED + self._jitter.place * (uniform_BQ[:, :2] - CENTRED)
        return uniform_BQ

    def images(self, square_BSSC: Tensor, uniform_BQ: Tensor) -> Tensor:
        """(B, C, S, S) float, normalised, of bytes on the same device. chance: see DRAWN."""
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
        """In pixels of the squares before; clipped, NaN for one of which nothing is left."""
        return clipped(mirrored(boxes_BK4, self._mirrored(uniform_BQ), self._size), self._size)

    def _mirrored(self, uniform_BQ: Tensor) -> Tensor:
        return uniform_BQ[:, 2] < self._jitter.mirror

    def _recoloured(self, uniform_B4: Tensor, mean_BC1: Tensor) -> tuple[Tensor, Tensor]:
        """Matrix and offset of each image's colours."""
        signed_B4 = 2 * uniform_B4 - 1
        far_B4 = signed_B4 * there(self._jitter[2:], signed_B4)
        bright, contrast, saturation = (1 + far_B4[:, :3]).unsqueeze(-1).unsqueeze(-1).unbind(1)
        grey_CC = there(GREY, mean_BC1).expand(3, 3)  # each row makes grey
        one_CC = torch.eye(3, device=mean_BC1.device)
        map_BCC = bright * (saturation * one_CC + (1 - saturation) * grey_CC)
        yiq_CC = there(YIQ, mean_BC1)
        map_BCC = torch.linalg.inv(yiq_CC) @ _turn(2 * math.pi * far_B4[:, 3]) @ yiq_CC @ map_BCC
        # Contrast goes around the mean grey value, which neither saturation nor hue changes.
        return contrast * map_BCC, (1 - contrast) * bright * (grey_CC @ mean_BC1)


def there(numbers: Sequence[Any], like: Tensor) -> Tensor:
    """Numbers of the host on a tensor's device, without waiting until that has done all it was given before."""
    return torch.tensor(numbers).to(like.device, non_blocking=True)


def _turn(angle_B: Tensor) -> Tensor:
    """Turns I and Q, and leaves Y alone."""
    turn_B33 = torch.zeros(len(angle_B), 3, 3, device=angle_B.device)
    turn_B33[:, 0, 0] = 1
    turn_B33[:, 1, 1] = turn_B33[:, 2, 2] = angle_B.cos()
    turn_B33[:, 1, 2], turn_B33[:, 2, 1] = -angle_B.sin(), angle_B.sin()
    return turn_B33


def centred_draws(images: int) -> Tensor:
    """Those of a batch to be judged by."""
    return torch.full((images, DRAWN), CENTRED)
