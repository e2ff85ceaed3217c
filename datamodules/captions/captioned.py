"""Photographs and what people wrote of them, whatever files they stand in.

Captions come from the outside. They are kept as they were written, for scoring, but for what no reader can see and a
terminal or a page may stumble over: line breaks, control characters, overrides of the writing direction, halves of
surrogate pairs. HTML stays text; whoever shows a caption escapes it.
"""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from datamodules.contract import DataFault
from datamodules.photos.photographs import Floats
from datamodules.storage.nearby import beside

SHOWN = 10
"""Faults that a message spells out; attention-check-data coco lists all of them."""

MOST_NUMBER = 2**63 - 1
"""An id beyond it is damage; JSON has no limit."""

UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]+")


class MissingFault(DataFault):
    """Files are not there."""


class CaptionedImage(NamedTuple):
    """An image and its captions.

    key: the number by which its data set knows it. path: of the file. entry: how a message names it.
    """

    key: int
    path: Path
    entry: str
    captions: tuple[str, ...]


class CaptionParts(NamedTuple):
    """What is trained on, what chooses a model, and what judges it; no image stands in two of them."""

    train: list[CaptionedImage]
    validation: list[CaptionedImage]
    test: list[CaptionedImage]


class NamedBoxes(NamedTuple):
    """Boxes of named objects.

    names: of the kinds. found: by an image's key, the number of its kind and (x0, y0, x1, y1) in pixels of the
    photograph, for each object.
    """

    names: tuple[str, ...]
    found: Mapping[int, list[tuple[int, tuple[float, float, float, float]]]]

    def largest(self, key: int, most: int) -> Floats:
        """(K, 4): so many rows for each kind, with the largest boxes of this image, NaN where it has fewer."""
        boxes_K4 = np.full((len(self.names), most, 4), np.nan)
        own = sorted(self.found.get(key, ()), key=lambda each: _negative_area(each[1]))
        filled = [0] * len(self.names)
        for kind, box in own:
            if filled[kind] < most:
                boxes_K4[kind, filled[kind]] = box
                filled[kind] += 1
        return boxes_K4.reshape(-1, 4)


def _negative_area(box: tuple[float, float, float, float]) -> float:
    x0, y0, x1, y1 = box
    return (x0 - x1) * (y1 - y0)


class CaptionSource(ABC):
    """Files with captions."""

    @abstractmethod
    def fetch(self) -> None:
        """Bring the files here if that was asked for. Raises DataFault."""

    @abstractmethod
    def images(self) -> tuple[list[CaptionedImage], list[str]]:
        """All images that can be made out, whatever part they are in, and all faults, each naming file and entry.

        Raises DataFault where a file is missing or another one.
        """

    @abstractmethod
    def parts(self) -> CaptionParts:
        """All images and captions; no photograph is opened. Raises DataFault with all that is wrong."""

    @abstractmethod
    def objects(self) -> tuple[NamedBoxes, list[str]]:
        """The boxes of all images, and all faults. Raises DataFault as `images` does."""


def clean(text: str) -> str:
    """A caption in one line of what can be seen."""
    return UNSEEN.sub(" ", text).strip()


def refuse(faults: Sequence[str]) -> None:
    """Raises DataFault where there are any faults."""
    if faults:
        more = [f"and {len(faults) - SHOWN} more: attention-check-data coco lists them all"]
        told = "\n  ".join([*faults[:SHOWN], *(more if len(faults) > SHOWN else [])])
        raise DataFault(
            f"the captions have faults:\n  {told}\n",
            "Mend them, or delete what is at fault and fetch it again (data.download=true, or attention-fetch coco).",
        )


def read_json(path: Path, lists: Sequence[str], what: str) -> dict[str, Any]:
    """An object that has these lists. what: the file ought to be. Raises DataFault."""
    try:
        content = path.read_bytes().decode("utf-8-sig")
        told = json.loads(content, parse_constant=_refuse_constant, object_pairs_hook=_once)
    except FileNotFoundError:
        raise MissingFault(f"{path.absolute()} is missing: {what}.") from None
    except OSError as fault:
        raise DataFault(f"{path.absolute()} cannot be read: {fault.strerror}.") from None
    except (ValueError, RecursionError) as fault:
        raise DataFault(
            f"{path.absolute()} is damaged, or no JSON ({fault}). Delete this one. Fetch it again: {what}."
        ) from None
    lacking = [name for name in lists if not isinstance(told, dict) or not isinstance(told.get(name), list)]
    if lacking:
        there = ", ".join(map(repr, list(told)[:SHOWN])) if isinstance(told, dict) else f"a {type(told).__name__}"
        wanted = " and ".join(map(repr, lacking))
        raise DataFault(f"{path.absolute()} has no list {wanted} (it has {there}), so it is not {what}.")
    return told


def _refuse_constant(name: str) -> None:
    """JSON has no NaN and no Infinity; Python's reader takes them."""
    raise ValueError(f"{name} is no number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object. Python's reader takes the last of two values of one key without a word."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r} stands twice in one object")
    return found


def lacks(record: Any, fields: Mapping[str, type]) -> str:
    """What of these fields a record does not have, or has of another kind; "" where all is well."""
    if not isinstance(record, dict):
        return f"is a {type(record).__name__}, and no record"
    kinds = {int: "whole number", str: "text", list: "list"}
    wrong = [f"{kinds[kind]} {name!r}" for name, kind in fields.items() if type(record.get(name)) is not kind]
    wrong += [
        f"number {name!r} of a common size" for name, kind in fields.items() if kind is int and _vast(record, name)
    ]
    return f"has no {', no '.join(wrong)}" if wrong else ""


def _vast(record: Mapping[str, Any], name: str) -> bool:
    return type(record.get(name)) is int and abs(record[name]) > MOST_NUMBER


def is_plain(name: str) -> bool:
    """Whether a name is that of a file or folder right here, and leads nowhere else."""
    return bool(name) and Path(name).name == name and name != ".." and "\0" not in name


def listed(folder: Path) -> set[str]:
    """The names in a folder; none where there is no folder."""
    try:
        return {path.name for path in folder.iterdir()}
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a name that no folder can have
        return set()
    except OSError as fault:
        raise DataFault(f"{folder.absolute()} cannot be looked into: {fault.strerror}.") from None


def lost(folder: Path, file: Any) -> str:
    """What to say of a folder without any file. file: the name of one that should be in it."""
    return "which is missing or empty" + (beside(folder, file) if isinstance(file, str) and is_plain(file) else "")
