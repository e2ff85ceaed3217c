"""Images with reference captions, independent of the file format; readers of JSON with fault messages.

Captions are kept as written, for scoring, except for line breaks and invisible characters that may break a terminal or
a page: control characters, overrides of the writing direction, lone surrogates. HTML is not interpreted; code that
displays a caption has to escape it.
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
"""Maximum number of faults that a message lists; attention-check-data coco lists all of them."""

MOST_NUMBER = 2**63 - 1
"""Maximum id (int64); JSON itself has no limit."""

UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]+")


class MissingFault(DataFault):
    """Files are missing."""


class CaptionedImage(NamedTuple):
    """An image and its captions.

    key: the id of the image in its data set. path: of its file. entry: its name in messages.
    """

    key: int
    path: Path
    entry: str
    captions: tuple[str, ...]


class CaptionParts(NamedTuple):
    """The images of the three splits, which are disjoint."""

    train: list[CaptionedImage]
    validation: list[CaptionedImage]
    test: list[CaptionedImage]


class NamedBoxes(NamedTuple):
    """Boxes of objects with their classes.

    names: of the classes. found: by the image's key, for each object the index of its class and its box (x0, y0, x1,
    y1) in pixels of the photograph.
    """

    names: tuple[str, ...]
    found: Mapping[int, list[tuple[int, tuple[float, float, float, float]]]]

    def largest(self, key: int, most: int) -> Floats:
        """(K, 4): the `most` largest boxes of each class in an image, with rows of NaN where it has fewer."""
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
    """Reads images and their captions from files."""

    @abstractmethod
    def fetch(self) -> None:
        """Download the files if download is enabled. Raises DataFault."""

    @abstractmethod
    def images(self) -> tuple[list[CaptionedImage], list[str]]:
        """All valid images of all splits, and all faults, each with file and entry.

        Raises DataFault for a file that is missing or of another format.
        """

    @abstractmethod
    def parts(self) -> CaptionParts:
        """The images and captions of each split; opens no photograph. Raises DataFault with all faults."""

    @abstractmethod
    def objects(self) -> tuple[NamedBoxes, list[str]]:
        """The boxes of all images, and all faults. Raises DataFault as in `images`."""


def clean(text: str) -> str:
    """A caption in one line, without invisible characters."""
    return UNSEEN.sub(" ", text).strip()


def refuse(faults: Sequence[str]) -> None:
    """Raises DataFault with the first faults, if there are any."""
    if faults:
        more = [f"and {len(faults) - SHOWN} more: attention-check-data coco lists them all"]
        lines = "\n  ".join([*faults[:SHOWN], *(more if len(faults) > SHOWN else [])])
        raise DataFault(
            f"the captions have faults:\n  {lines}\n",
            "Mend them, or delete what is at fault and fetch it again (data.download=true, or attention-fetch coco).",
        )


def read_json(path: Path, lists: Sequence[str], what: str) -> dict[str, Any]:
    """A JSON object that has the named lists. what: describes the expected file in messages. Raises DataFault."""
    try:
        content = path.read_bytes().decode("utf-8-sig")
        loaded = json.loads(content, parse_constant=_refuse_constant, object_pairs_hook=_once)
    except FileNotFoundError:
        raise MissingFault(f"{path.absolute()} is missing: {what}.") from None
    except OSError as fault:
        raise DataFault(f"{path.absolute()} cannot be read: {fault.strerror}.") from None
    except (ValueError, RecursionError) as fault:
        raise DataFault(
            f"{path.absolute()} is damaged, or no JSON ({fault}). Delete this one. Fetch it again: {what}."
        ) from None
    lacking = [name for name in lists if not isinstance(loaded, dict) or not isinstance(loaded.get(name), list)]
    if lacking:
        there = ", ".join(map(repr, list(loaded)[:SHOWN])) if isinstance(loaded, dict) else f"a {type(loaded).__name__}"
        wanted = " and ".join(map(repr, lacking))
        raise DataFault(f"{path.absolute()} has no list {wanted} (it has {there}), so it is not {what}.")
    return loaded


def _refuse_constant(name: str) -> None:
    """Refuses NaN and Infinity, which Python's parser accepts and JSON does not have."""
    raise ValueError(f"{name} is no number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object. Refuses a repeated key, of which Python's parser silently takes the last value."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r} stands twice in one object")
    return found


def lacks(record: Any, fields: Mapping[str, type]) -> str:
    """What a record lacks of the fields, or has of another type; "" where it has them all."""
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
    """Whether a name is a single path component, which can't lead out of its folder."""
    return bool(name) and Path(name).name == name and name != ".." and "\0" not in name


def listed(folder: Path) -> set[str]:
    """The names in a folder; none where it does not exist. Raises DataFault where it cannot be read."""
    try:
        return {path.name for path in folder.iterdir()}
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a name that no folder can have
        return set()
    except OSError as fault:
        raise DataFault(f"{folder.absolute()} cannot be looked into: {fault.strerror}.") from None


def lost(folder: Path, file: Any) -> str:
    """A clause for messages on a missing or empty folder. file: the name of a file that should be in it."""
    return "which is missing or empty" + (beside(folder, file) if isinstance(file, str) and is_plain(file) else "")
