"""Captions in COCO's layouts of JSON, read with all their faults.

References are a captions_*.json, {"images": [{"id": ...}], "annotations": [{"image_id": ..., "caption": ...}]};
results a list of {"image_id": ..., "caption": ...}. Tokenised captions are {image id: [caption, ...]} on both sides.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from datamodules.contract import DataFault

SHOWN = 10
"""Faults of a file that a message spells out."""

References = dict[Any, list[str]]
Results = dict[Any, str]


def official_references(path: Path) -> References:
    """Of each image of a captions_*.json; an image may turn out to have none. Raises DataFault."""
    told = read_json(path)
    if not isinstance(told, dict) or not all(isinstance(told.get(key), list) for key in ("images", "annotations")):
        raise DataFault(f'{path}: not a captions_*.json: it has no lists "images" and "annotations"')
    faults: list[str] = []
    found: References = {}
    for place, entry in enumerate(told["images"]):
        image = entry.get("id") if isinstance(entry, dict) else None
        if type(image) is not int:
            faults.append(f'images[{place}] has no whole number "id"')
        elif image in found:
            faults.append(f"images[{place}]: image {image} stands there twice")
        else:
            found[image] = []
    for place, image, caption in _entries(told["annotations"], "annotations", faults):
        if image in found:
            found[image].append(caption)
        else:
            faults.append(f"annotations[{place}]: image {image} is not among its images")
    refuse(path, faults)
    return found


def official_results(path: Path) -> Results:
    """Raises DataFault."""
    faults: list[str] = []
    found = listed_results(read_json(path), faults)
    refuse(path, faults)
    return found


def listed_results(told: Any, faults: list[str]) -> Results:
    """Of a parsed list of results; what is wrong with it is added to the faults."""
    if not isinstance(told, list) or not told:
        faults.append('not a list of results, [{"image_id": 1, "caption": "a dog"}, ...], or an empty one')
        return {}
    found: Results = {}
    for place, image, caption in _entries(told, "", faults):
        if image in found:
            faults.append(f"[{place}]: image {image} has a result already")
        found[image] = caption
    return found


def tokenized_references(path: Path) -> References:
    """Raises DataFault."""
    return _tokenized(path)


def tokenized_results(path: Path) -> Results:
    """Raises DataFault."""
    found = _tokenized(path)
    refuse(
        path, [f"image {image} has {len(texts)} captions, not 1" for image, texts in found.items() if len(texts) != 1]
    )
    return {image: texts[0] for image, texts in found.items()}


def read_json(path: Path) -> Any:
    """What a file holds. Raises DataFault where that is no JSON, or where an object has a key twice."""
    try:
        return parsed(path.read_bytes())
    except OSError as fault:
        raise DataFault(f"{path}: cannot be read: {fault.strerror}") from None
    except ValueError as fault:
        raise DataFault(f"{path}: {fault}") from None


def parsed(content: bytes) -> Any:
    """Raises ValueError, in words."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            keys = [key for key, _ in pairs]
            raise KeyError(next(key for key in keys if keys.count(key) > 1))
        return found

    try:
        return json.loads(content.decode("utf-8-sig"), object_pairs_hook=once)
    except KeyError as twice:
        raise ValueError(f"the key {twice} stands twice in one object") from None
    except UnicodeDecodeError as fault:
        raise ValueError(f"not UTF-8: byte {fault.start} cannot be read") from None
    except json.JSONDecodeError as fault:
        raise ValueError(f"not JSON: line {fault.lineno}, column {fault.colno}: {fault.msg}") from None
    except RecursionError:
        raise ValueError("not a file of captions: it is nested too deeply") from None


def _tokenized(path: Path) -> References:
    told = read_json(path)
    if not isinstance(told, dict) or not told:
        raise DataFault(f'{path}: not {{"image id": ["caption", ...], ...}}, or an empty one')
    wrong = [
        f"image {image} has no list of captions"
        for image, texts in told.items()
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts)
    ]
    refuse(path, wrong)
    return told


def _entries(told: Iterable[Any], name: str, faults: list[str]) -> Iterable[tuple[int, int, str]]:
    """The place, image and caption of each entry that has them."""
    for place, entry in enumerate(told):
        fields: Mapping[str, Any] = entry if isinstance(entry, dict) else {}
        image, caption = fields.get("image_id"), fields.get("caption")
        if type(image) is int and isinstance(caption, str):
            yield place, image, caption
        else:
            faults.append(f'{name}[{place}] has no whole number "image_id" and text "caption"')


def refuse(path: Path, faults: list[str]) -> None:
    if faults:
        more = [f"and {len(faults) - SHOWN} more"] if len(faults) > SHOWN else []
        raise DataFault("\n".join(f"{path}: {fault}" for fault in [*faults[:SHOWN], *more]))
