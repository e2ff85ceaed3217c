"""Draws a dog with a tag. The breed is the mark on the tag, about 8 pixels wide, and nothing else.

Bodies, colours and backgrounds have the same distribution for all breeds. Distractors are strokes like those of the
marks, and tags in other colours with marks of no breed. So a model has to find the dog's own tag and to read it at full
resolution: at a sixth of the size all marks look the same. Marks are symmetric, so mirroring changes no breed.

Lengths are in pixels of the image. Axes: Y rows, X columns, C colours.
"""

import math
from hashlib import sha256
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw

Mark = tuple[tuple[float, float, float, float], ...]
MARKS: dict[str, Mark] = {
    "bar": ((0, -1, 0, 1),),
    "dash": ((-1, 0, 1, 0),),
    "cross": ((0, -1, 0, 1), (-1, 0, 1, 0)),
    "saltire": ((-0.8, -0.8, 0.8, 0.8), (-0.8, 0.8, 0.8, -0.8)),
    "roof": ((-0.9, 0.6, 0, -0.7), (0, -0.7, 0.9, 0.6)),
    "cup": ((-0.9, -0.6, 0, 0.7), (0, 0.7, 0.9, -0.6)),
    "posts": ((-0.6, -0.9, -0.6, 0.9), (0.6, -0.9, 0.6, 0.9)),
    "rails": ((-0.9, -0.6, 0.9, -0.6), (-0.9, 0.6, 0.9, 0.6)),
}
"""The strokes (x0, y0, x1, y1) of each breed's mark, in units of half its side."""
STRANGE: dict[str, Mark] = {
    "slash": ((-0.8, 0.8, 0.8, -0.8),),
    "slope": ((-0.8, -0.8, 0.8, 0.8),),
    "hook": ((-0.6, -0.9, -0.6, 0.7), (-0.6, 0.7, 0.7, 0.7)),
    "flag": ((0.6, 0.9, 0.6, -0.7), (0.6, -0.7, -0.7, -0.7)),
}
"""Marks of no breed, for the distractors' tags."""
SHORT, LONG = 72, 80
"""Sides of an image: the short one, and the maximum of the long one."""
SEEN = 64
"""Side of a crop; the whole tag lies in every crop of this size."""
TAG, MARK, STROKE = 8.5, 4.8, 2.6
"""Radius of a tag, half the side of its mark, width of its strokes."""
FINER = 3
"""Supersampling factor, for smooth edges."""
DECOYS = 2
"""Tags of other colours, with marks of no breed."""
SCRAPS = 6
"""Single strokes on the background."""

Colour = tuple[int, int, int]


class TaggedDog(NamedTuple):
    """image: RGB. box: of the dog, (x0, y0, x1, y1), clipped to the image. tag: the tag's centre (x, y)."""

    image: Image.Image
    box: tuple[int, int, int, int]
    tag: tuple[float, float]


def draw_dog(key: str, mark: str) -> TaggedDog:
    """The image for a key, deterministic. mark: of MARKS; two images of one key differ in the mark alone."""
    draw = np.random.default_rng(list(sha256(key.encode()).digest()))
    long = int(draw.integers(SHORT, LONG + 1))
    size = (long, SHORT) if draw.random() < 0.5 else (SHORT, long)
    image, outline = _ground(draw, size), Image.new("L", (size[0] * FINER, size[1] * FINER))
    tag = _tag_place(draw, size)
    pen = ImageDraw.Draw(image)
    for _ in range(SCRAPS):
        _scrap(draw, pen, size)
    spots = _apart(draw, size, tag)
    _body(draw, pen, ImageDraw.Draw(outline), tag)
    for spot in spots:
        _tag(pen, spot, _colour(draw, (110, 290)), STRANGE[str(draw.choice(list(STRANGE)))])
    _tag(pen, tag, _colour(draw, (25, 55)), MARKS[mark])
    small = np.asarray(image.resize(size, Image.Resampling.BOX), np.float32)
    grain_YXC = draw.standard_normal(small.shape, np.float32) * np.float32(draw.uniform(2, 8))
    seen = Image.fromarray(np.clip(small + grain_YXC, 0, 255).astype(np.uint8))
    left, top, right, bottom = outline.getbbox() or (0, 0, FINER, FINER)
    box = (left // FINER, top // FINER, -(-right // FINER), -(-bottom // FINER))
    return TaggedDog(seen, box, tag)


def _ground(draw: Generator, size: tuple[int, int]) -> Image.Image:
    """The background: coarse patches of colour."""
    coarse_YXC = (draw.uniform(40, 215) + draw.normal(0, 25, 3) + draw.normal(0, 22, (5, 6, 3))).clip(0, 255)
    patches = Image.fromarray(coarse_YXC.astype(np.uint8))
    return patches.resize((size[0] * FINER, size[1] * FINER), Image.Resampling.BICUBIC)


def _tag_place(draw: Generator, size: tuple[int, int]) -> tuple[float, float]:
    """A centre (x, y) for which the whole tag lies in every crop of side SEEN."""
    x, y = (draw.uniform(side - SEEN + TAG + 1, SEEN - TAG - 1) for side in size)
    return float(x), float(y)


def _apart(draw: Generator, size: tuple[int, int], tag: tuple[float, float]) -> list[tuple[float, float]]:
    """Centres (x, y) of the distractors' tags, away from the dog's tag and from each other."""
    spots: list[tuple[float, float]] = []
    while len(spots) < DECOYS:
        spot = (float(draw.uniform(TAG, size[0] - TAG)), float(draw.uniform(TAG, size[1] - TAG)))
        far = [math.dist(spot, other) > 2.2 * TAG for other in spots]
        if math.dist(spot, tag) > 3.2 * TAG and all(far):
            spots.append(spot)
    return spots


def _body(draw: Generator, pen: ImageDraw.ImageDraw, outline: ImageDraw.ImageDraw, tag: tuple[float, float]) -> None:
    """Draws a dog from the side, around its tag: trunk, legs, tail, head and ears, with short strokes as fur.

    pen: draws on the image. outline: draws the silhouette, from which the box is taken.
    """
    fur = _coat(draw)
    way, long, high = int(draw.choice([1, -1])), draw.uniform(13, 17), draw.uniform(9, 11)
    x, y = tag[0] + draw.uniform(-3, 3), tag[1] + draw.uniform(-2, 2)

    def ellipse(middle: tuple[float, float], radii: tuple[float, float], colour: Colour) -> None:
        edges = [FINER * (m + s * r) for s in (-1, 1) for m, r in zip(middle, radii, strict=True)]
        pen.ellipse(edges, fill=colour)
        outline.ellipse(edges, fill=255)

    def line(ends: tuple[float, float, float, float], width: float, colour: Colour) -> None:
        for one, ink in ((pen, colour), (outline, 255)):
            one.line([FINER * end for end in ends], fill=ink, width=round(FINER * width))

    dark = _shaded(fur, 0.8, 0)
    for leg in (-0.75, -0.45, 0.45, 0.75):
        line((x + leg * long, y, x + leg * long + draw.uniform(-2, 2), y + high + draw.uniform(7, 11)), 3.5, dark)
    line((x - way * 0.8 * long, y, x - way * (long + 6), y - high - draw.uniform(-3, 5)), 3, fur)
    ellipse((x, y), (long, high), fur)
    head = (x + way * (long + 1), y - high * draw.uniform(0.5, 0.9))
    ellipse(head, (7.5, 6.5), fur)
    ellipse((head[0] + way * 6, head[1] + 2), (4, 3), dark)
    ellipse((head[0] - way * 3, head[1] - 4), (2.5, 5), dark)
    for _ in range(40):
        turn, far = draw.uniform(0, 2 * math.pi), draw.uniform(0.2, 0.9)
        start = (x + far * long * math.cos(turn), y + far * high * math.sin(turn))
        shade = _shaded(fur, 1, draw.normal(0, 18))
        ends = [FINER * start[0], FINER * start[1], FINER * (start[0] + draw.uniform(-3, 3)), FINER * (start[1] + 2)]
        pen.line(ends, fill=shade, width=FINER)


def _tag(pen: ImageDraw.ImageDraw, at: tuple[float, float], colour: Colour, mark: Mark) -> None:
    pen.ellipse([FINER * (m + s * TAG) for s in (-1, 1) for m in at], fill=colour)
    for x0, y0, x1, y1 in mark:
        _stroke(pen, (at[0] + MARK * x0, at[1] + MARK * y0), (at[0] + MARK * x1, at[1] + MARK * y1), (20, 20, 25))


def _scrap(draw: Generator, pen: ImageDraw.ImageDraw, size: tuple[int, int]) -> None:
    """Draws a stroke like those of marks, dark or light, at a random place."""
    start, turn, far = draw.uniform((0, 0), size), draw.uniform(0, math.pi), MARK * draw.uniform(1, 2)
    stop = start + far * np.array([math.cos(turn), math.sin(turn)])
    grey = int(draw.choice([20, 235]))
    _stroke(pen, tuple(start.tolist()), tuple(stop.tolist()), (grey, grey, grey))


def _stroke(pen: ImageDraw.ImageDraw, start: tuple[float, ...], stop: tuple[float, ...], colour: Colour) -> None:
    pen.line([FINER * end for end in (*start, *stop)], fill=colour, width=round(FINER * STROKE))


def _coat(draw: Generator) -> Colour:
    """A colour of fur: black, brown, grey or white."""
    light, brown = draw.uniform(35, 225), draw.uniform(0, 45)
    return _within(light + brown, light + 0.3 * brown, light - brown)


def _colour(draw: Generator, hue: tuple[float, float]) -> Colour:
    """A bright, saturated colour. hue: range of its angle, in degrees."""
    turn = math.radians(draw.uniform(*hue))
    light = draw.uniform(150, 180)
    red, green, blue = (light + 85 * math.cos(turn - third * 2 * math.pi / 3) for third in range(3))
    return _within(red, green, blue)


def _shaded(colour: Colour, by: float, more: float) -> Colour:
    red, green, blue = (part * by + more for part in colour)
    return _within(red, green, blue)


def _within(red: float, green: float, blue: float) -> Colour:
    return int(np.clip(red, 0, 255)), int(np.clip(green, 0, 255)), int(np.clip(blue, 0, 255))
