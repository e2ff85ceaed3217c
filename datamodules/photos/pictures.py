"""Any image files, decoded and framed as the test images of a data set are.

Axes: N pictures, S side in pixels, C channels.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from datamodules.contract import DataFault
from datamodules.photos.augmentation import GREY, WHITE, Augmentation, centred_draws, there
from datamodules.photos.photo_splits import CropRequest, PhotoCropper
from datamodules.photos.photo_stock import PhotoFiles, PhotoReading
from datamodules.photos.photographs import Photograph, decoded


def central_crops(paths: Sequence[Path], reading: PhotoReading, size: int, make: Augmentation) -> Tensor:
    """(N, 3, S, S) float: the central square of each picture, normalised by `make`. Raises as `refuse_unreadable`."""
    refuse_unreadable(paths, reading.short)
    photos = [Photograph(path) for path in paths]
    request = CropRequest(torch.arange(len(photos)), centred_draws(len(photos)))
    cutter = PhotoCropper(PhotoFiles(photos, reading.short), size, 0, reading.workers)
    return make.images(cutter.cut([0], lambda _: request).square, request.uniform)


def squeezed(paths: Sequence[Path], side: int, channels: int) -> Tensor:
    """(N, C, S, S) float in [0, 1]: each picture whole, whatever its aspect ratio. channels: 1 (grey, ITU-R 601) or 3.
    Raises as `refuse_unreadable`.
    """
    refuse_unreadable(paths, side)
    whole = (Image.fromarray(decoded(Photograph(path), side).pixels_HWC) for path in paths)
    square_NSS3 = np.stack([np.asarray(image.resize((side, side), Image.Resampling.BILINEAR)) for image in whole])
    image_N3SS = torch.from_numpy(square_NSS3).permute(0, 3, 1, 2).float() / WHITE
    return image_N3SS if channels > 1 else (image_N3SS * there(GREY, image_N3SS)[:, None, None]).sum(1, keepdim=True)


def refuse_unreadable(paths: Sequence[Path], short: int) -> None:
    """Raises DataFault that lists all unreadable files. short: the short side to which they are decoded."""
    found = [(path, decoded(Photograph(path), short).fault) for path in paths]
    if faults := [f"{path} {fault}" for path, fault in found if fault]:
        raise DataFault("\n  ".join(["these pictures cannot be read:", *faults]))
