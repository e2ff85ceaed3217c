"""Any image files, decoded and framed as the test images of a data set are.

Axes: N pictures, S side in pixels, C channels.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import final

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from datamodules.contract import DataFault
from datamodules.photos.augmentation import GREY, WHITE, Augmentation, centred_draws, there
from datamodules.photos.photo_splits import CropRequest, PhotoCropper
from datamodules.photos.photo_stock import PhotoReading, PhotoSource
from datamodules.photos.photographs import Decoded, Photograph, decoded


@final
class HeldPhotos(PhotoSource):
    """Photographs that are decoded already."""

    def __init__(self, photos: Sequence[Decoded]) -> None:
        self._photos = photos

    def get(self, number: int) -> Decoded:
        return self._photos[number]


def central_crops(paths: Sequence[Path], reading: PhotoReading, size: int, make: Augmentation) -> Tensor:
    """(N, 3, S, S) float: the central square of each picture, normalised by `make`. Raises as `readable`."""
    request = CropRequest(torch.arange(len(paths)), centred_draws(len(paths)))
    cutter = PhotoCropper(HeldPhotos(readable(paths, reading.short)), size, 0, reading.workers)
    return make.images(cutter.cut([0], lambda _: request).square, request.uniform)


def squeezed(paths: Sequence[Path], side: int, channels: int) -> Tensor:
    """(N, C, S, S) float in [0, 1]: each picture whole, whatever its aspect ratio. channels: 1 (grey, ITU-R 601) or 3.
    Raises as `readable`.
    """
    whole = (Image.fromarray(found.pixels_HWC) for found in readable(paths, side))
    square_NSS3 = np.stack([np.asarray(image.resize((side, side), Image.Resampling.BILINEAR)) for image in whole])
    image_N3SS = torch.from_numpy(square_NSS3).permute(0, 3, 1, 2).float() / WHITE
    return image_N3SS if channels > 1 else (image_N3SS * there(GREY, image_N3SS)[:, None, None]).sum(1, keepdim=True)


def readable(paths: Sequence[Path], short: int) -> list[Decoded]:
    """The pictures, decoded to a short side of `short` pixels. Raises DataFault that lists all unreadable files."""
    found = [decoded(Photograph(path), short) for path in paths]
    if faults := [f"{path} {each.fault}" for path, each in zip(paths, found, strict=True) if each.fault]:
        raise DataFault("\n  ".join(["these pictures cannot be read:", *faults]))
    return found
