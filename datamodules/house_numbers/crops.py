"""Crops the square around a house number: the bounding box of its digits, enlarged, clamped to the image, resized.

Source: Goodfellow, Bulatov, Ibarz, Arnoud and Shet (2013), section 5.1: the smallest box that holds all digits,
enlarged by 30 % in x and in y, cropped and resized to 64 x 64. The paper does not say what happens beyond the image's
edge; here the box is clamped. The enlargement is relative to the box's side, half of it on either side; several ports
add all of it at one corner, which decentres the digits.

Boxes are (x0, y0, x1, y1) in pixels, half open. Axes: N images, D digits, C channels, H rows, W columns.
"""

import math
from abc import ABC, abstractmethod
from pathlib import Path
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from datamodules.storage.threads import in_threads

Floats = NDArray[np.floating]
MODES = {1: "L", 3: "RGB"}
"""Pillow's mode by number of channels."""
MOST_PIXELS = 10_000_000
"""Maximum pixels of a photograph, against decompression bombs; the largest of SVHN has under a million."""


class Frame(ABC):
    """Chooses the window of a photograph to crop."""

    @abstractmethod
    def window(self, tight: Floats, size: tuple[int, int]) -> Floats:
        """(4,) the window. tight: (4,) bounding box of all digits, NaN where unknown. size: (width, height)."""

    @abstractmethod
    def knobs(self) -> dict[str, list[float]]:
        """The parameters, JSON-serialisable, as part of a cache entry's source."""


@final
class AroundDigits(Frame):
    """The digits' bounding box, enlarged by a share of its sides, half on either side, and clamped to the image."""

    def __init__(self, enlarge: float) -> None:
        self._enlarge = enlarge

    def window(self, tight: Floats, size: tuple[int, int]) -> Floats:
        more = (tight[2:] - tight[:2]) * (self._enlarge / 2)
        return np.concatenate([np.maximum(tight[:2] - more, 0), np.minimum(tight[2:] + more, size)])

    def knobs(self) -> dict[str, list[float]]:
        return {"around digits": [self._enlarge]}


@final
class Middle(Frame):
    """The centre of the photograph, by shares of its width and height: for images without boxes."""

    def __init__(self, width: float, height: float) -> None:
        self._share = np.array([width, height])

    def window(self, tight: Floats, size: tuple[int, int]) -> Floats:
        return np.concatenate([(1 - self._share) / 2 * size, (1 + self._share) / 2 * size])

    def knobs(self) -> dict[str, list[float]]:
        return {"middle": self._share.tolist()}


class Photo(NamedTuple):
    """A photograph to crop. entry: its name in messages. boxes: (D, 4) of its digits; (0, 4) where unknown."""

    path: Path
    entry: str
    boxes: Floats

    @property
    def tight(self) -> Floats:
        if not len(self.boxes):
            return np.full(4, np.nan)
        return np.concatenate([self.boxes[:, :2].min(0), self.boxes[:, 2:].max(0)])


class Cut(NamedTuple):
    """A crop, uint8 (C, side, side), its window and the photograph's mode; or the fault of an unusable photograph."""

    pixels_CHW: NDArray[np.uint8]
    window: Floats
    mode: str
    fault: str


def cut(photo: Photo, frame: Frame, side: int, channels: int) -> Cut:
    """The crop of a photograph. Never raises for a missing or damaged file: the fault is returned."""
    try:
        with Image.open(photo.path, formats=["PNG"]) as image:
            if math.prod(image.size) > MOST_PIXELS:
                sides = " x ".join(map(str, image.size))
                return _nothing(
                    f"has {sides} pixels, more than {MOST_PIXELS:,}: a decompression bomb, or no photograph"
                )
            outside = _outside(photo.boxes, image.size)
            if image.mode not in MODES.values() or outside:
                strange = f"is of mode {image.mode}; what can be read is grey (L) or colour (RGB), 8 bits a channel"
                return _nothing(outside or strange)
            window = frame.window(photo.tight, image.size)
            square = image.convert(MODES[channels]).resize(
                (side, side), Image.Resampling.BILINEAR, box=tuple(window.tolist())
            )
            pixels = np.asarray(square).reshape(side, side, channels).transpose(2, 0, 1)
            return Cut(pixels, window, image.mode, "")
    except FileNotFoundError:
        return _nothing("is missing")
    except UnidentifiedImageError:
        return _nothing("is no readable PNG")
    except Exception as fault:  # Pillow's decoders raise errors of many types for damaged files
        return _nothing(f"is no readable PNG ({str(fault) or type(fault).__name__})")


def _nothing(fault: str) -> Cut:
    return Cut(np.zeros((0, 0, 0), np.uint8), np.full(4, np.nan), "", fault)


def _outside(boxes_D4: Floats, size: tuple[int, int]) -> str:
    """The fault of boxes that lie wholly outside the image, or "". Official boxes partly outside are valid."""
    outside = ((boxes_D4[:, 2:] <= 0) | (boxes_D4[:, :2] >= size)).any(1)
    digits = [str(number + 1) for number in np.flatnonzero(outside)]
    fault = f"is {size[0]} x {size[1]} pixels, and the box of digit {', '.join(digits)} lies outside"
    return fault if digits else ""


def cut_all(
    photos: list[Photo], frame: Frame, channels: int, into_NCHW: NDArray[np.uint8], workers: int, title: str
) -> tuple[Floats, list[str]]:
    """Crop all photographs into `into_NCHW`, in `workers` threads (Pillow releases the GIL while decoding).

    Returns the windows, (N, 4), and all faults, each with file and entry. title: of the progress bar.
    """
    windows, faults = np.full((len(photos), 4), np.nan), []
    modes: dict[str, Photo] = {}
    side = into_NCHW.shape[-1]
    done = in_threads(lambda photo: cut(photo, frame, side, channels), photos, workers, title)
    for place, found in enumerate(done):
        photo = photos[place]
        if found.fault:
            faults.append(f"{photo.path} ({photo.entry}) {found.fault}")
            continue
        modes.setdefault(found.mode, photo)
        into_NCHW[place], windows[place] = found.pixels_CHW, found.window
    return windows, faults + _mixed(modes)


def _mixed(modes: dict[str, Photo]) -> list[str]:
    """The fault of a folder with both grey and colour photographs, which are probably of two data sets."""
    if len(modes) < 2:
        return []
    (first, one), (second, other) = modes.items()
    fault = f"{other.path} ({other.entry}) is of mode {second}, and {one.path} ({one.entry}) of mode {first}"
    return [f"{fault}: a folder has to be all grey (L) or all colour (RGB)"]


def into_window(boxes_D4: Floats, window_D4: Floats, side: int) -> Floats:
    """(D, 4) boxes of photographs in pixels of their crops: shifted, then scaled in x and y separately."""
    low, high = window_D4[:, :2], window_D4[:, 2:]
    scale = side / (high - low)
    return (boxes_D4 - np.tile(low, 2)) * np.tile(scale, 2)
