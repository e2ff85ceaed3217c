"""The look of each mechanism, the same in every figure: a colour per family, a tint, dash and mark per member.

Colours are names of CSS variables, so that light and dark pages choose their own; the families' hues are those of Okabe
and Ito (2008), told apart by the colour-blind too.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import final

FAMILIES = {
    "none": "none", "item": "item", "ram": "glimpse", "dram": "glimpse", "location_soft": "transform", "cnn": "cnn",
    "random": "control", "centre": "control", "oracle": "control",
}  # fmt: skip
"""Family by the beginning of a mechanism's name; any other name is of the family "other" and needs no entry here."""

TINTS = ("var(--f-{0})", "color-mix(in srgb, var(--f-{0}) 58%, var(--ink))",
         "color-mix(in srgb, var(--f-{0}) 62%, var(--paper))")
DASHES = ("none", "5 3", "1.5 2.5", "8 3 2 3")
MARKS = ("circle", "square", "diamond", "triangle", "cross")


@final
@dataclass(frozen=True)
class Look:
    """colour: a CSS colour; dash: an SVG dash array; mark: the shape of its points."""

    colour: str
    dash: str
    mark: str


def family(label: str) -> str:
    """The family of a mechanism, by the longest beginning that is known."""
    known = [start for start in FAMILIES if label.startswith(start)]
    return FAMILIES[max(known, key=len)] if known else "other"


def looks(labels: Iterable[str]) -> Mapping[str, Look]:
    """A look for each label, by its place among its family's labels in the order of the alphabet."""
    met: Counter[str] = Counter()
    chosen = {}
    for label in sorted(set(labels)):
        name = family(label)
        place = met[name]
        met[name] += 1
        chosen[label] = Look(TINTS[place % len(TINTS)].format(name), DASHES[place % len(DASHES)],
                             MARKS[place % len(MARKS)])
    return chosen
