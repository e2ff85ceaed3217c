"""Draws a house number: digits on a wall or a plate, in perspective and slightly blurred, often beside distractors.

Random lengths are fractions of the digits' height. Axes: Y rows, X columns, C colours.
"""

from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

FONTS = (
    "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSansMono-Bold", "DejaVuSerif", "DejaVuSerif-Bold",
    "DejaVuSerif-Italic", "STIXGeneral", "STIXGeneralBol", "STIXGeneralBolIta", "cmr10", "cmb10", "cmss10", "cmtt10",
)  # fmt: skip
"""The fonts that come with matplotlib: upright and slanted, with and without serifs, light and bold."""
LENGTHS = (0.15, 0.45, 0.28, 0.09, 0.03)
"""Probabilities of 1 to 5 digits: in SVHN's order, but with more long numbers, which a small sample would lack."""
HEIGHT = (17, 50)
"""Range of the digits' height, in pixels; it holds four fifths of SVHN's digits."""
LEAST_CONTRAST = 70
"""Minimum difference of grey values, of 255, between digits and background; below 50 people guess too."""
INK = 64
"""Minimum coverage, of 255, of a pixel inside a digit's box."""
GREY = np.array([0.299, 0.587, 0.114])
"""Weights of the colour channels in a grey value (ITU-R 601, as in Pillow)."""
NEIGHBOURS = "0123456789ABCNo"
"""Characters of the distractors."""

Floats = NDArray[np.floating]


class House(NamedTuple):
    """image: RGB. digits: (label, left, top, width, height) of each, from left to right; the label of digit 0 is 10."""

    image: Image.Image
    digits: list[list[float]]


class NumberScene(NamedTuple):
    """A number before it is coloured: greyscale images with the coverage of each digit, the distractors, the plate."""

    ink: list[Image.Image]
    others: Image.Image
    plate: Image.Image


def draw_house(key: str) -> House:
    """The image and labels for a key, deterministic. Drawn again while a digit lies outside the image."""
    draw = np.random.default_rng(list(sha256(key.encode()).digest()))
    while True:
        labels = draw.integers(1, 11, 1 + draw.choice(len(LENGTHS), p=LENGTHS))
        height = float(np.exp(draw.uniform(*np.log(HEIGHT))))
        scene = _askew(draw, _scene(draw, labels % 10, height))
        boxes = [_box(ink) for ink in scene.ink]
        if all(x1 - x0 > 1 and y1 - y0 > 1 for x0, y0, x1, y1 in boxes):  # else a digit lies outside
            image = _photograph(draw, scene, height)
            digits = [
                [float(label), x0, y0, x1 - x0, y1 - y0] for label, (x0, y0, x1, y1) in zip(labels, boxes, strict=True)
            ]
            return House(image, digits)


def _box(ink: Image.Image) -> tuple[int, int, int, int]:
    return ink.point([255 * (value >= INK) for value in range(256)]).getbbox() or (0, 0, 0, 0)


@lru_cache(512)
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    from matplotlib import get_data_path

    return ImageFont.truetype(Path(get_data_path()) / "fonts" / "ttf" / f"{name}.ttf", size)


def _scene(draw: Generator, digits: NDArray[np.int64], height: float) -> NumberScene:
    """The upright number on a canvas, with or without a plate and distractors. height: of the digits, in pixels."""
    name = str(draw.choice(FONTS))
    font = _font(name, round(height * 1.35))  # a digit's height is about three quarters of the font size
    texts = [str(digit) for digit in digits]
    inner = [font.getbbox(text, anchor="ls") for text in texts]
    gap = height * draw.uniform(0.02, 0.25)
    left, above = height * draw.uniform(0.35, 1.5, 2), height * draw.uniform(0.2, 0.8, 2)
    wide = sum(x1 - x0 for x0, _, x1, _ in inner) + gap * (len(texts) - 1)
    size = round(wide + left.sum()), round(height + above.sum())
    foot, at, ink = above[0] + height, left[0], []
    for text, (x0, _, x1, _) in zip(texts, inner, strict=True):
        lifted = foot + height * draw.normal(0, 0.02)
        ink.append(_written(size, [(text, font, (at - x0, lifted))]))
        at += x1 - x0 + gap
    plate = Image.new("L", size)
    if draw.random() < 0.6:
        room = height * draw.uniform(0.08, 0.35, 2)
        edges = [left[0] - room[0], above[0] - room[1], at - gap + room[0], foot + room[1]]
        ImageDraw.Draw(plate).rounded_rectangle(edges, radius=height * draw.uniform(0, 0.2), fill=255)
    return NumberScene(ink, _neighbours(draw, size, (left[0], at - gap, foot), height), plate)


def _neighbours(draw: Generator, size: tuple[int, int], line: tuple[float, float, float], height: float) -> Image.Image:
    """Up to three distractors, farther from the number than its digits are from each other.

    line: left end, right end and base line of the number, in pixels.
    """
    start, stop, foot = line
    written = []
    for _ in range(draw.choice(4, p=(0.4, 0.3, 0.2, 0.1))):
        text, tall = str(draw.choice(list(NEIGHBOURS))), height * draw.uniform(0.4, 1.0)
        far = height * draw.uniform(0.4, 0.9)
        above, below = (draw.uniform(start, stop), foot - height * 1.2), (draw.uniform(start, stop), foot + far + tall)
        spots = [(stop + far, foot), (start - far - tall * 0.7, foot), above, below]
        written.append((text, _font(str(draw.choice(FONTS)), round(tall * 1.35)), spots[draw.integers(len(spots))]))
    return _written(size, written)


def _written(
    size: tuple[int, int], texts: list[tuple[str, ImageFont.FreeTypeFont, tuple[float, float]]]
) -> Image.Image:
    canvas = Image.new("L", size)
    for text, font, place in texts:
        ImageDraw.Draw(canvas).text(place, text, fill=255, font=font, anchor="ls")
    return canvas


def _askew(draw: Generator, scene: NumberScene) -> NumberScene:
    """A random perspective: a rotation and shear of the canvas, and a displacement of each corner."""
    wide, high = scene.plate.size
    corner_42 = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], float)
    turn, lean = draw.normal(0, 0.06), draw.normal(0, 0.1)  # of the rotation, in radians; of the shear
    middle = corner_42.mean(0)
    turned_42 = (corner_42 - middle) @ np.array([[1, turn], [lean - turn, 1]]) + middle
    seen_42 = turned_42 + draw.normal(0, 0.04, (4, 2)) * [high, high]
    rows = []
    for (x, y), (u, v) in zip(seen_42, corner_42, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    projection = np.linalg.solve(np.array(rows), corner_42.ravel()).tolist()

    def seen(layer: Image.Image) -> Image.Image:
        return layer.transform(layer.size, Image.Transform.PERSPECTIVE, projection, Image.Resampling.BILINEAR)

    return NumberScene([seen(ink) for ink in scene.ink], seen(scene.others), seen(scene.plate))


def _photograph(draw: Generator, scene: NumberScene, height: float) -> Image.Image:
    """The image of a scene: colours, illumination, shadow, blur and noise."""
    wide, high = scene.plate.size
    wall, plate, own, other = _colours(draw)
    coarse = draw.normal(0, draw.uniform(2, 22), (3, 4, 1)) + draw.normal(0, 4, (3, 4, 3)) + wall
    image_YXC = np.stack([_enlarged(coarse[..., colour], (wide, high)) for colour in range(3)], -1)
    number = Image.fromarray(np.max([np.asarray(ink) for ink in scene.ink], 0))
    right, down = np.rint(draw.uniform(-0.08, 0.08, 2) * height).astype(int).tolist()
    shadow = Image.new("L", number.size)
    shadow.paste(number, (right, down))
    dark = np.float32(draw.choice([0.0, 0.5]))
    for layer, colour in ((scene.plate, plate), (scene.others, other), (shadow, None), (number, own)):
        if layer.getbbox() and (dark or colour is not None):  # else it would change nothing
            cover_YX1 = np.asarray(layer, np.float32)[..., None] / 255
            image_YXC += cover_YX1 * (-dark * image_YXC if colour is None else colour - image_YXC)
    image_YXC *= _enlarged(draw.uniform(0.75, 1.1, (2, 2)), (wide, high))[..., None]
    clear = Image.fromarray(np.clip(image_YXC, 0, 255).astype(np.uint8))
    blurred = np.asarray(clear.filter(ImageFilter.GaussianBlur(height * draw.uniform(0, 0.05))), np.float32)
    grain_YXC = draw.standard_normal((high, wide, 3), np.float32) * np.float32(draw.uniform(0, 9))
    return Image.fromarray(np.clip(blurred + grain_YXC, 0, 255).astype(np.uint8))


def _colours(draw: Generator) -> tuple[Floats, ...]:
    """Colours of wall, plate, digits and distractors; the digits' differ from wall and plate by LEAST_CONTRAST."""
    while True:
        wall, plate, own, other = (draw.uniform(0, 255, (4, 1)) + draw.normal(0, 30, (4, 3))).clip(0, 255)
        if min(abs((own - ground) @ GREY) for ground in (wall, plate)) >= LEAST_CONTRAST:
            chosen = (wall, plate, own, own if draw.random() < 0.5 else other)
            return tuple(colour.astype(np.float32) for colour in chosen)


def _enlarged(coarse: Floats, size: tuple[int, int]) -> Floats:
    return np.asarray(Image.fromarray(coarse.astype(np.float32)).resize(size, Image.Resampling.BICUBIC)).copy()
