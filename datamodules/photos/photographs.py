"""Decodes photographs of any size and mode to upright RGB, resized to a given short side.

Grey, palette, CMYK and 16-bit images and EXIF orientations are supported; transparency becomes white. A file that is
unreadable, smaller than a thumbnail or larger than a camera's picture has a fault, which is returned and not raised, so
that all faults of a data set can be reported at once.

Boxes and windows are (x0, y0, x1, y1), half open, in pixels of the stored image, before EXIF's orientation is applied.
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
"""Formats read, whatever the file's suffix: one of Stanford's 20,580 .jpg is a PNG."""
LEAST_SIDE = 16
"""Minimum side in pixels; smaller images are placeholders or failed downloads."""
MOST_PIXELS = 80_000_000
"""Maximum number of pixels, against decompression bombs: more than a camera's, and just below Pillow's own limit."""
MOST_OBLONG = 20
"""Maximum aspect ratio: a narrow strip, resized to a given short side, would fill the memory."""
ORIENTATION = 0x0112
"""EXIF's tag."""
TURNS = {
    2: (False, True, False), 3: (False, True, True), 4: (False, False, True), 5: (True, False, False),
    6: (True, True, False), 7: (True, True, True), 8: (True, False, True),
}  # fmt: skip
"""By EXIF orientation: whether to transpose, then whether to flip horizontally, then whether to flip vertically."""
UPRIGHT = (False, False, False)
WHOLE = np.array([0, 0, np.inf, np.inf])
"""The window of a whole photograph."""
NO_BOXES = np.zeros((0, 4))

# Set globally, since threads share warning filters: decompression bombs are errors, damaged EXIF data are ignored.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", "Corrupt EXIF data", UserWarning)


class Photograph(NamedTuple):
    """An image file, the window of it that is used (clipped to the image), and its boxes, (K, 4)."""

    path: Path
    window: Floats = WHOLE
    boxes: Floats = NO_BOXES


class Decoded(NamedTuple):
    """pixels_HWC: uint8, the resized window. boxes: (K, 4) in its pixels, neither clipped nor rounded. fault: why the
    file is unreadable, or "". passing: whether that is a temporary fault of the system (`is_passing`).
    """

    pixels_HWC: NDArray[np.uint8]
    boxes: Floats
    fault: str
    passing: bool = False


class _UnusableError(Exception):
    """Why a photograph is unusable; the message continues a sentence that begins with its name."""


def read(photo: Photograph, short: int) -> Decoded:
    """The same as `decoded`, but raises DataFault with the file."""
    found = decoded(photo, short)
    if found.fault:
        raise DataFault(
            f"{photo.path} {found.fault}. It was readable when all were checked: put it back, or start again, and it "
            "is reported or left out (data.skip_unreadable) with all others."
        )
    return found


def decoded(photo: Photograph, short: int) -> Decoded:
    """A photograph resized to a short side of `short` pixels. Never raises for a missing or damaged file."""
    try:
        pixels_HWC, turn, window = _loaded(photo, short)
    except _UnusableError as fault:
        nothing = np.zeros((0, 0, 3), np.uint8), np.full(photo.boxes.shape, np.nan)
        return Decoded(*nothing, str(fault), isinstance(fault.__cause__, OSError))
    sides = np.array(pixels_HWC.shape[1::-1])
    boxes_K4 = (photo.boxes - np.tile(window[:2], 2)) * np.tile(sides / (window[2:] - window[:2]), 2)
    return Decoded(*turned(pixels_HWC, boxes_K4, turn), "")


def turned(pixels_HWC: NDArray[np.uint8], boxes_K4: Floats, turn: Turn) -> tuple[NDArray, Floats]:
    """Pixels and boxes after an EXIF orientation: transposed, then flipped horizontally, then vertically."""
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
    """The resized window before EXIF's orientation, that orientation, and the window. Raises _UnusableError."""
    try:
        with Image.open(photo.path, formats=FORMATS) as image:
            size, turn = image.size, TURNS.get(_orientation(image), UPRIGHT)
            window = _window(photo, size)
            wide, high = (window[2:] - window[:2]).tolist()
            scale = short / min(wide, high)
            sides = (max(short, round(wide * scale)), max(short, round(high * scale)))
            # Decodes a JPEG at a half, quarter or eighth, as long as it stays at least twice as large as wanted.
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
    except Exception as fault:  # of the system, or of any type from Pillow's decoders for damaged files
        if is_passing(fault):
            raise _UnusableError(f"cannot be read ({getattr(fault, 'strerror', None) or fault})") from fault
        raise _UnusableError(f"is damaged ({str(fault) or type(fault).__name__})") from None


def _window(photo: Photograph, size: tuple[int, int]) -> Floats:
    """A photograph's window, clipped to the image. size: (width, height). Raises _UnusableError."""
    if math.prod(size) > MOST_PIXELS:
        raise _UnusableError(
            f"has {size[0]} x {size[1]} pixels, more than {MOST_PIXELS:,}: a decompression bomb, or no photograph"
        )
    outside = ((photo.boxes[:, 2:] <= 0) | (photo.boxes[:, :2] >= size)).any(1)
    if outside.any():  # a box that is partly inside is valid; NaN is no box
        sides_text = ", ".join(f"{side:g}" for side in photo.boxes[outside][0])
        raise _UnusableError(f"is {size[0]} x {size[1]} pixels, and its box {sides_text} lies outside")
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
    except Exception:  # damaged EXIF data are ignored
        return 1


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits per pixel: Pillow's conversion would clip, not scale
        return Image.fromarray((np.asarray(image) >> 8).clip(0, 255).astype(np.uint8)).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    clear = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear).convert("RGB")
