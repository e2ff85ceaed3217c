"""Reading a photograph of any size and kind: RGB, upright, its short side brought to a set length.

Grey, palettes, CMYK, 16 bits and EXIF's turns are read; what is transparent shows white. What cannot be read, is
smaller than a thumbnail or larger than any camera's picture is a fault, which is told and not raised, so that all
faults of a data set can be told at once.

Boxes and windows are (x0, y0, x1, y1), half open, in pixels of the photograph as it is stored, before EXIF turns it.
Axes: K boxes of a photograph, H rows, W columns, C channels.
"""

import math
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from datamodules.contract import DataFault
from datamodules.storage.stamps import is_passing

Floats = NDArray[np.floating]
Turn = tuple[bool, bool, bool]
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
"""Each behind any name: one of Stanford's 20,580 .jpg is a PNG."""
LEAST_SIDE = 16
"""Pixels. What is smaller shows nothing; a page's spacer or a failed download is such a picture."""
MOST_PIXELS = 80_000_000
"""More than a camera takes, and little less than Pillow itself warns of: a small file that would fill the memory."""
MOST_OBLONG = 20
"""Long side to short side: with the short side at a set length, a strip of pixels would become a bomb of our own."""
ORIENTATION = 0x0112
"""EXIF's tag."""
TURNS = {
    2: (False, True, False), 3: (False, True, True), 4: (False, False, True), 5: (True, False, False),
    6: (True, True, False), 7: (True, True, True), 8: (True, False, True),
}  # fmt: skip
"""By EXIF's orientation: whether rows and columns change places, and what is then mirrored, columns or rows."""
UPRIGHT = (False, False, False)
WHOLE = np.array([0, 0, np.inf, np.inf])
"""The window of a photograph that is taken as it is."""
NO_BOXES = np.zeros((0, 4))

# Threads share their filters of warnings. A bomb is refused here, never warned of; what a camera wrote beside a sound
# picture is nobody's business.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", "Corrupt EXIF data", UserWarning)


class Photograph(NamedTuple):
    """A file, what of it is taken (clipped to what is there), and the boxes that go along, (K, 4)."""

    path: Path
    window: Floats = WHOLE
    boxes: Floats = NO_BOXES


class Decoded(NamedTuple):
    """pixels: uint8, the window with its short side at the set length. boxes: in those pixels, neither clipped nor
    rounded. fault: what is wrong with the file, "" where it was read. passing: that is no fault of what is in it.
    """

    pixels_HWC: NDArray[np.uint8]
    boxes: Floats
    fault: str
    passing: bool = False


class _UnusableError(Exception):
    """Says what a photograph is or has, after its name."""


def read(photo: Photograph, short: int) -> Decoded:
    """As `decoded`. Raises DataFault naming the file."""
    found = decoded(photo, short)
    if found.fault:
        raise DataFault(
            f"{photo.path} {found.fault}. It was sound when all were looked at: put it back, or start again, and it is "
            "told or left out (data.skip_unreadable) with all others."
        )
    return found


def decoded(photo: Photograph, short: int) -> Decoded:
    """A photograph with its short side `short` pixels long. Never raises for one that is missing or damaged."""
    try:
        pixels_HWC, turn, window = _loaded(photo, short)
    except _UnusableError as fault:
        nothing = np.zeros((0, 0, 3), np.uint8), np.full(photo.boxes.shape, np.nan)
        return Decoded(*nothing, str(fault), isinstance(fault.__cause__, OSError))
    sides = np.array(pixels_HWC.shape[1::-1])
    boxes_K4 = (photo.boxes - np.tile(window[:2], 2)) * np.tile(sides / (window[2:] - window[:2]), 2)
    return Decoded(*turned(pixels_HWC, boxes_K4, turn), "")


def turned(pixels_HWC: NDArray[np.uint8], boxes_K4: Floats, turn: Turn) -> tuple[NDArray, Floats]:
    """Pixels and boxes, with rows and columns exchanged, then columns mirrored, then rows, as told."""
    exchanged, columns, rows = turn
    if exchanged:
        pixels_HWC, boxes_K4 = pixels_HWC.transpose(1, 0, 2), boxes_K4[:, [1, 0, 3, 2]]
    height, width = pixels_HWC.shape[:2]
    if columns:
        pixels_HWC, boxes_K4 = pixels_HWC[:, ::-1], [width, 0, width, 0] + boxes_K4[:, [2, 1, 0, 3]] * [-1, 1, -1, 1]
    if rows:
        pixels_HWC, boxes_K4 = pixels_HWC[::-1], [0, height, 0, height] + boxes_K4[:, [0, 3, 2, 1]] * [1, -1, 1, -1]
    return np.ascontiguousarray(pixels_HWC), boxes_K4


def _loaded(photo: Photograph, short: int) -> tuple[NDArray[np.uint8], Turn, Floats]:
    """Pixels of the window as stored, how they have to be turned, and the window."""
    try:
        with Image.open(photo.path, formats=FORMATS) as image:
            size, turn = image.size, TURNS.get(_orientation(image), UPRIGHT)
            window = _window(photo, size)
            wide, high = (window[2:] - window[:2]).tolist()
            scale = short / min(wide, high)
            sides = (max(short, round(wide * scale)), max(short, round(high * scale)))
            # A JPEG can be decoded at a half, a quarter or an eighth of its size: nobody sees it at twice the wanted.
            image.draft(None, (math.ceil(2 * scale * size[0]), math.ceil(2 * scale * size[1])))
            box = window * np.tile(np.array(image.size) / size, 2)
            square = _rgb(image).resize(sides, Image.Resampling.BILINEAR, box=tuple(box.tolist()))
            return np.asarray(square), turn, window
    except _UnusableError:
        raise
    except FileNotFoundError:
        raise _UnusableError("is missing") from None
    except UnidentifiedImageError:
        raise _UnusableError(f"is no picture that can be read ({', '.join(FORMATS)})") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _UnusableError(f"has more than {MOST_PIXELS:,} pixels: a decompression bomb, or no photograph") from None
    except (
        Exception
    ) as fault:  # the system's faults, and Pillow's: its decoders raise whatever a damaged file makes them stumble over
        if is_passing(fault):
            raise _UnusableError(f"cannot be read ({getattr(fault, 'strerror', None) or fault})") from fault
        raise _UnusableError(f"is damaged ({str(fault) or type(fault).__name__})") from None


def _window(photo: Photograph, size: tuple[int, int]) -> Floats:
    """The part of its window that lies within a photograph of size (width, height)."""
    if math.prod(size) > MOST_PIXELS:
        raise _UnusableError(
            f"has {size[0]} x {size[1]} pixels, more than {MOST_PIXELS:,}: a decompression bomb, or no photograph"
        )
    outside = ((photo.boxes[:, 2:] <= 0) | (photo.boxes[:, :2] >= size)).any(1)
    if outside.any():  # one that reaches over the edge is none; NaN is no box
        told = ", ".join(f"{side:g}" for side in photo.boxes[outside][0])
        raise _UnusableError(f"is {size[0]} x {size[1]} pixels, and its box {told} lies outside")
    window = np.concatenate([np.maximum(photo.window[:2], 0), np.minimum(photo.window[2:], size)])
    sides = (window[2:] - window[:2]).round().astype(int)
    if sides.min() < LEAST_SIDE:
        raise _UnusableError(f"shows {sides[0]} x {sides[1]} pixels; a side has to have {LEAST_SIDE} at least")
    if sides.max() > MOST_OBLONG * sides.min():
        raise _UnusableError(
            f"shows {sides[0]} x {sides[1]} pixels, a strip: its long side is over {MOST_OBLONG} times"
        )
    return window


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # damaged, it says nothing
        return 1


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits a pixel: Pillow would clip, not scale
        return Image.fromarray((np.asarray(image) >> 8).clip(0, 255).astype(np.uint8)).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    clear = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear).convert("RGB")
