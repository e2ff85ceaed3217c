"""Synthetic scenes of coloured shapes, with captions from a small grammar. Results on them are no results on COCO.

A scene is an object, or a group of two or three equal ones, in a spatial relation to another object: "two small red
circles above a large blue square". A correct caption needs both objects, their sizes and their positions. Deterministic
for a seed and a version of Pillow.
"""

import random
from typing import NamedTuple

from PIL import Image, ImageDraw

SIDE = 64
"""Side of an image, in pixels."""
FINER = 3
"""Supersampling factor, for smooth edges."""
COLOURS = {
    "red": (208, 42, 38), "green": (52, 164, 62), "blue": (48, 84, 214), "yellow": (232, 204, 48),
    "purple": (150, 60, 184), "white": (240, 240, 236),
}  # fmt: skip
SHAPES = ("circle", "square", "triangle", "cross")
PLURALS = {"circle": "circles", "square": "squares", "triangle": "triangles", "cross": "crosses"}
RADII = {"small": (5.0, 6.5), "large": (10.5, 13.0)}
AROUND = (15.0, 18.0)
"""Range of the radius of an object that another is inside of; it is called large."""
RELATIONS = {"left of": "right of", "right of": "left of", "above": "below", "below": "above", "inside": "around"}
"""Each relation with its inverse."""
NUMBERS = {1: "a", 2: "two", 3: "three"}
EDGE, GAP = 1.5, 3.0
"""Minimum distance in pixels of an object from the image's edge, and between two objects."""
TRIES = 1000


class Thing(NamedTuple):
    """An object or a group of equal objects. radius: in pixels. places: centres (x, y), one for each of a group."""

    colour: str
    shape: str
    size: str
    radius: float
    places: tuple[tuple[float, float], ...]

    @property
    def boxes(self) -> list[tuple[float, float, float, float]]:
        """(x0, y0, x1, y1) in pixels of the image, for each object."""
        return [(x - self.radius, y - self.radius, x + self.radius, y + self.radius) for x, y in self.places]

    def called(self, size: bool, article: str = "") -> str:
        """The noun phrase, with or without the size. article: replaces the number, if given."""
        number = len(self.places)
        noun = self.shape if number == 1 else PLURALS[self.shape]
        parts = [article or NUMBERS[number], self.size if size else "", self.colour, noun]
        return " ".join(part for part in parts if part)


class ShapeScene(NamedTuple):
    first: Thing
    relation: str
    second: Thing


def scene(key: str) -> ShapeScene:
    """A random scene, as a function of its key."""
    generator = random.Random(key)
    while True:
        found = _placed(generator, generator.choice(list(RELATIONS)))
        if found:
            return found


def captions(shown: ShapeScene, key: str) -> list[str]:
    """Five captions, one of each form, in random order; a function of the scene and the key."""
    first, relation, second = shown
    generator = random.Random(f"captions/{key}")
    are = "is" if len(first.places) == 1 else "are"
    some = [generator.random() < 0.5 for _ in range(2)]  # short forms mention one of the two sizes
    forms = [
        f"{first.called(True)} {relation} {second.called(True)}",
        f"{second.called(True)} {RELATIONS[relation]} {first.called(True)}",
        f"there {are} {first.called(some[0])} {relation} {second.called(not some[0])}",
        f"the {first.called(False, 'the').removeprefix('the ')} {are} {relation} the {second.colour} {second.shape}",
        f"{first.called(some[1])} and {second.called(not some[1])}",
    ]
    generator.shuffle(forms)
    return forms


def picture(shown: ShapeScene, key: str) -> Image.Image:
    """The scene on a grey background: RGB, SIDE x SIDE pixels."""
    generator = random.Random(f"picture/{key}")
    shade = generator.randint(40, 110)
    image = Image.new("RGB", (SIDE * FINER, SIDE * FINER), tuple(shade + generator.randint(-12, 12) for _ in range(3)))
    draw = ImageDraw.Draw(image)
    for thing in (shown.second, shown.first):  # an object inside another is drawn last
        colour = tuple(max(0, min(255, part + generator.randint(-14, 14))) for part in COLOURS[thing.colour])
        for x, y in thing.places:
            _draw(draw, thing.shape, x * FINER, y * FINER, thing.radius * FINER, colour)
    return image.resize((SIDE, SIDE), Image.Resampling.BOX)


def _draw(draw: ImageDraw.ImageDraw, shape: str, x: float, y: float, r: float, colour: tuple[int, ...]) -> None:
    """Draws a shape that fills the square of half side r around (x, y)."""
    arm = 0.36 * r
    corners = {
        "square": [(-r, -r), (r, -r), (r, r), (-r, r)],
        "triangle": [(0, -r), (r, r), (-r, r)],
        "cross": [(-arm, -r), (arm, -r), (arm, -arm), (r, -arm), (r, arm), (arm, arm), (arm, r), (-arm, r),
                  (-arm, arm), (-r, arm), (-r, -arm), (-arm, -arm)],
    }  # fmt: skip
    if shape == "circle":
        draw.ellipse((x - r, y - r, x + r, y + r), fill=colour)
    else:
        draw.polygon([(x + dx, y + dy) for dx, dy in corners[shape]], fill=colour)


def _placed(generator: random.Random, relation: str) -> ShapeScene | None:
    """A random scene of a relation, or None where no valid placement was found in TRIES attempts."""
    colours = generator.sample(list(COLOURS), 2)
    inside = relation == "inside"
    sizes = ("small", "large") if inside else generator.choices(list(RADII), k=2)
    radii = [generator.uniform(*RADII[size]) for size in sizes]
    if inside:
        radii[1] = generator.uniform(*AROUND)
    shapes = [generator.choice(SHAPES), generator.choice(("circle", "square") if inside else SHAPES)]
    count = generator.choice((1, 1, 1, 2, 3)) if sizes[0] == "small" and not inside else 1
    for _ in range(TRIES):
        middle = [_place(generator, radius) for radius in radii]
        if inside:
            middle[0] = (middle[1][0] + generator.uniform(-2, 2), middle[1][1] + generator.uniform(-2, 2))
        places = _row(middle[0], radii[0], count, upright=relation in ("left of", "right of"))
        first = Thing(colours[0], shapes[0], sizes[0], radii[0], places)
        second = Thing(colours[1], shapes[1], sizes[1], radii[1], (middle[1],))
        if inside or (_fits(first) and _holds(relation, first, second)):
            return ShapeScene(first, relation, second)
    return None


def _place(generator: random.Random, radius: float) -> tuple[float, float]:
    least, most = radius + EDGE, SIDE - radius - EDGE
    return generator.uniform(least, most), generator.uniform(least, most)


def _row(middle: tuple[float, float], radius: float, count: int, upright: bool) -> tuple[tuple[float, float], ...]:
    """Centres of the objects of a group, in a row perpendicular to the direction of the relation."""
    steps = [(number - (count - 1) / 2) * (2 * radius + GAP) for number in range(count)]
    x, y = middle
    return tuple((x, y + step) if upright else (x + step, y) for step in steps)


def _extent(thing: Thing) -> tuple[float, float, float, float]:
    left, top, right, bottom = zip(*thing.boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)


def _fits(thing: Thing) -> bool:
    extent = _extent(thing)
    return min(extent) >= EDGE and max(extent) <= SIDE - EDGE


def _holds(relation: str, first: Thing, second: Thing) -> bool:
    """Whether the relation is unambiguous: a gap in its direction, and centres nearly aligned perpendicular to it."""
    one, other = _extent(first), _extent(second)
    across = 1 if relation in ("left of", "right of") else 0
    low, high = (one, other) if relation in ("left of", "above") else (other, one)
    along = 1 - across
    gap = high[along] - low[along + 2]
    apart = abs((one[across] + one[across + 2]) - (other[across] + other[across + 2])) / 2
    return gap >= GAP and apart <= 12
