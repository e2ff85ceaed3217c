"""Squares cropped from photographs, with their numbers and the boxes of the digits: read once, cached, as tensors.

Axes: N images, K maximum digits of a number, T = K + 1 time steps, C channels, S side of a square.
"""

import logging
from pathlib import Path
from typing import Any, NamedTuple, final

import numpy as np
import torch
from torch import Tensor

from datamodules.contract import IGNORED, DataFault
from datamodules.house_numbers.annotated import TEN_IS_ZERO, Folder
from datamodules.house_numbers.crops import Frame, cut_all, into_window
from datamodules.house_numbers.digit_struct import Annotations
from datamodules.storage.cache import Cache

END = 10
"""Index of the end symbol."""
log = logging.getLogger(__name__)


class Numbers(NamedTuple):
    """A set of house numbers.

    square: (N, C, S, S) uint8. target: (N, T) long, digits 0..9, END, then IGNORED. boxes: (N, K, 4) float in pixels of
    the square, in reading order, NaN where there is no digit or its box is unknown.
    """

    square: Tensor
    target: Tensor
    boxes: Tensor

    def to(self, device: torch.device) -> "Numbers":
        return Numbers(*(field.to(device) for field in self))


def joined(parts: list[Numbers]) -> Numbers:
    """All parts concatenated; a single part is not copied."""
    return parts[0] if len(parts) == 1 else Numbers(*(torch.cat(fields) for fields in zip(*parts, strict=True)))


class Cutting(NamedTuple):
    """How squares are cropped. digits: K. side: S in pixels. channels: C. workers: decoding threads."""

    digits: int
    side: int
    channels: int
    workers: int


@final
class NumberReader:
    """Reads folders into Numbers, through a cache."""

    def __init__(self, cutting: Cutting, cache: Cache) -> None:
        self._cutting, self._cache = cutting, cache

    def read(self, folder: Folder, frame: Frame, name: str) -> Numbers:
        """The numbers of a folder. Those with more than K digits are left out, which is logged. name: prefix of the
        cache entry's name.

        Raises DataFault with the first fault.
        """
        digits, side, channels, _ = self._cutting
        entry = f"{name}-{side}px-{channels}c-{digits}d"
        source = {**folder.source(), **frame.knobs(), "cutting": [digits, side, channels]}
        arrays = self._cache.arrays(entry, source, lambda made: self._make(folder, frame, made, name))
        return Numbers(*(torch.from_numpy(arrays[field]) for field in Numbers._fields))

    def _make(self, folder: Folder, frame: Frame, made: Path, name: str) -> None:
        annotations = folder.annotations()
        refuse(folder.faults(annotations), folder.cure)
        digits, side, channels, workers = self._cutting
        short = np.flatnonzero(annotations.length <= digits)
        if len(short) < len(annotations.name):
            left_out = len(annotations.name) - len(short)
            log.warning("%s: left out %d numbers of more than %d digits", name, left_out, digits)
        if not len(short):
            raise DataFault(f"{name}: every number has more than data.digits={digits} digits.")
        photos = folder.photos(annotations)
        shape = (len(short), channels, side, side)
        square_NCSS: Any = np.lib.format.open_memmap(made / "square.npy", "w+", np.uint8, shape)
        window_N4, faults = cut_all([photos[n] for n in short], frame, channels, square_NCSS, workers, name)
        refuse(faults, folder.cure)
        square_NCSS.flush()
        boxes_NK4 = np.full((len(short), digits, 4), np.nan, np.float32)
        for place, image in enumerate(short):
            own = photos[image].boxes
            boxes_NK4[place, : len(own)] = into_window(own, np.tile(window_N4[place], (len(own), 1)), side)
        np.save(made / "boxes.npy", boxes_NK4)
        np.save(made / "target.npy", targets(annotations, short, digits))


def targets(annotations: Annotations, chosen: np.ndarray, digits: int) -> np.ndarray:
    """(N, K + 1) targets of the chosen images: the digits, END, then IGNORED."""
    target_NT = np.full((len(chosen), digits + 1), IGNORED, np.int64)
    for place, image in enumerate(chosen):
        label = annotations.label[annotations.digits(image)].astype(np.int64) % TEN_IS_ZERO
        target_NT[place, : len(label) + 1] = [*label, END]
    return target_NT


def refuse(faults: list[str], cure: str) -> None:
    """Raises DataFault with the first fault, if there are any."""
    if faults:
        raise DataFault.of(faults, "attention-check-data svhn", cure)
