"""The style of each mechanism, the same in every figure: a colour per family, a tint, dash and mark per member.

Colours are names of CSS variables, so that light and dark pages define their own. The hues are those of Okabe and Ito
(2008), which colour-blind people can distinguish.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import final

FAMILIES = {
    "none": "none", "item": "item", "ram": "glimpse", "dram": "glimpse", "location_soft": "transform", "cnn": "cnn",
    "sermanet": "glimpse", "stn": "transform",
    "random": "control", "centre": "control", "oracle": "control",
}  # fmt: skip
"""Family by prefix of a mechanism's name; any other name is of the family "other"."""

TINTS = (
    "var(--f-{0})",
    "color-mix(in srgb, var(--f-{0}) 58%, var(--ink))",
    "color-mix(in srgb, var(--f-{0}) 78%, var(--paper))",
)
DASHES = ("none", "5 3", "1.5 2.5", "8 3 2 3")
MARKS = ("circle", "square", "diamond", "triangle", "cross")


@final
@dataclass(frozen=True)
class SeriesStyle:
    """colour: a CSS colour; dash: an SVG dash array; mark: the shape of its points."""

    colour: str
    dash: str
    mark: str


def family(label: str) -> str:
    """The family of a mechanism, by its longest known prefix."""
    known = [start for start in FAMILIES if label.startswith(start)]
    return FAMILIES[max(known, key=len)] if known else "other"


def series_styles(labels: Iterable[str]) -> Mapping[str, SeriesStyle]:
    """A style for each label: a mechanism's name, or that and its setting in brackets.

    The tint follows the mechanism, by its alphabetical position in its family, whatever its setting. Dash and mark
    follow the label, by its position among the family's labels.
    """
    names: dict[str, list[str]] = defaultdict(list)
    members: dict[str, list[str]] = defaultdict(list)
    for label in sorted(set(labels)):
        names[family(label)].append(label)
        members[family(label)] += [name for name in [mechanism(label)] if name not in members[family(label)]]
    return {
        label: style_of(kind, members[kind].index(mechanism(label)), place)
        for kind, held in names.items()
        for place, label in enumerate(held)
    }


def mechanism(label: str) -> str:
    """A label without the setting in brackets."""
    return label.split(" (")[0]


def style_of(kind: str, member: int, place: int) -> SeriesStyle:
    """The style of a family's label. member: index of its mechanism, place: index of the label, in the family."""
    return SeriesStyle(TINTS[member % len(TINTS)].format(kind), DASHES[place % len(DASHES)], MARKS[place % len(MARKS)])
