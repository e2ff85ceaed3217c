"""From a photograph to the square that a model's image is cut from: the box of a number, enlarged, clamped, resized.

Source: Goodfellow, Bulatov, Ibarz, Arnoud and Shet (2013), section 5.1: the smallest box that holds all digits,
enlarged by 30 % in x and in y, cropped and resized to 64 x 64. What happens where it leaves the photograph they do not
say: here it is clamped. The share is of the tight box's own side and half of it goes to either side; several ports add
it to one corner, which moves the digits out of the middle.

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
"""How Pillow calls images of so many channels."""
MOST_PIXELS = 10_000_000
"""Of a photograph; the largest of SVHN has under a million, and a small file that would fill the memory has more."""


class Frame(ABC):
    """A rule for what part of a photograph is looked at."""

    @abstractmethod
    def window(self, tight: Floats, size: tuple[int, int]) -> Floats:
        """A box within a photograph of size (width, height), given the tight box of all digits; NaN where unknown."""

    @abstractmethod
    def knobs(self) -> dict[str, list[float]]:
        """All that the rule depends on, as JSON has it, so that a cache notices another one."""


@final
class AroundDigits(Frame):
    """The tight box, enlarged by a share of its own sides, half of that to either side, and clamped."""

    def __init__(self, enlarge: float) -> None:
        self._enlarge = enlarge

    def window(self, tight: Floats, size: tuple[int, int]) -> Floats:
        more = (tight[2:] - tight[:2]) * (self._enlarge / 2)
        return np.concatenate([np.maximum(tight[:2] - more, 0), np.minimum(tight[2:] + more, size)])

    def knobs(self) -> dict[str, list[float]]:
        return {"around digits": [self._enlarge]}


@final
class Middle(Frame):
    """The middle of the photograph, such shares of its width and height: for images whose digits nobody has boxed."""

    def __init__(self, width: float, height: float) -> None:
        self._share = np.array([width, height])

    def window(self, tight: Floats, size: tuple[int, int]) -> Floats:
        return np.concatenate([(1 - self._share) / 2 * size, (1 + self._share) / 2 * size])

    def knobs(self) -> dict[str, list[float]]:
        return {"middle": self._share.tolist()}


class Photo(NamedTuple):
    """An image to cut from. entry: how a message names it. boxes: (D, 4) of its digits; (0, 4) where unknown."""

    path: Path
    entry: str
    boxes: Floats

    @property
    def tight(self) -> Floats:
        if not len(self.boxes):
            return np.full(4, np.nan)
        return np.concatenate([self.boxes[:, :2].min(0), self.boxes[:, 2:].max(0)])


class Cut(NamedTuple):
    """A photograph's square, uint8 (C, side, side); its window; the photograph's mode; or what is wrong with it."""

    pixels_CHW: NDArray[np.uint8]
    window: Floats
    mode: str
    fault: str


def cut(photo: Photo, frame: Frame, side: int, channels: int) -> Cut:
    """Never raises for a photograph that is missing or damaged: says so in `fault`."""
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
    except Exception as fault:  # Pillow's decoders raise whatever a damaged file makes them stumble over
        return _nothing(f"is no readable PNG ({str(fault) or type(fault).__name__})")


def _nothing(fault: str) -> Cut:
    return Cut(np.zeros((0, 0, 0), np.uint8), np.full(4, np.nan), "", fault)


def _outside(boxes_D4: Floats, size: tuple[int, int]) -> str:
    """Official boxes reach over the edge now and then; one that has no pixel within is a fault."""
    outside = ((boxes_D4[:, 2:] <= 0) | (boxes_D4[:, :2] >= size)).any(1)
    digits = [str(number + 1) for number in np.flatnonzero(outside)]
    told = f"is {size[0]} x {size[1]} pixels, and the box of digit {', '.join(digits)} lies outside"
    return told if digits else ""


def cut_all(
    photos: list[Photo], frame: Frame, channels: int, into_NCHW: NDArray[np.uint8], workers: int, title: str
) -> tuple[Floats, list[str]]:
    """Cut every photograph into its place, in several threads; Pillow lets others run while it decodes.

    Returns the windows (N, 4), and all faults, each naming file and entry.
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
    """Grey and colour in one folder: what was meant to be one data set is two."""
    if len(modes) < 2:
        return []
    (first, one), (second, other) = modes.items()
    told = f"{other.path} ({other.entry}) is of mode {second}, and {one.path} ({one.entry}) of mode {first}"
    return [f"{told}: a folder has to be all grey (L) or all colour (RGB)"]


def into_window(boxes_D4: Floats, window_D4: Floats, side: int) -> Floats:
    """Boxes of photographs, in pixels of the squares that were cut: shifted, and scaled by each side on its own."""
    low, high = window_D4[:, :2], window_D4[:, 2:]
    scale = side / (high - low)
    return (boxes_D4 - np.tile(low, 2)) * np.tile(scale, 2)
