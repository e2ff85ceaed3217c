"""Reads captions in COCO's JSON formats and reports all faults of a file at once.

References are a captions_*.json, {"images": [{"id": ...}], "annotations": [{"image_id": ..., "caption": ...}]};
results a list of {"image_id": ..., "caption": ...}. Tokenised captions, references and results alike, are
{image id: [caption, ...]}.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from datamodules.contract import DataFault

SHOWN = 10
"""Maximum number of faults of a file that a message lists."""

References = dict[Any, list[str]]
Results = dict[Any, str]


def official_references(path: Path) -> References:
    """The captions of each image of a captions_*.json; an image may have none. Raises DataFault."""
    content = read_json(path)
    if not isinstance(content, dict) or not all(
        isinstance(content.get(key), list) for key in ("images", "annotations")
    ):
        raise DataFault(f'{path}: not a captions_*.json: it has no lists "images" and "annotations"')
    faults: list[str] = []
    found: References = {}
    for place, entry in enumerate(content["images"]):
        image = entry.get("id") if isinstance(entry, dict) else None
        if type(image) is not int:
            faults.append(f'images[{place}] has no whole number "id"')
        elif image in found:
            faults.append(f"images[{place}]: image {image} stands there twice")
        else:
            found[image] = []
    for place, image, caption in _entries(content["annotations"], "annotations", faults):
        if image in found:
            found[image].append(caption)
        else:
            faults.append(f"annotations[{place}]: image {image} is not among its images")
    refuse(path, faults)
    return found


def official_results(path: Path) -> Results:
    """The caption of each image in a list of results. Raises DataFault."""
    faults: list[str] = []
    found = listed_results(read_json(path), faults)
    refuse(path, faults)
    return found


def listed_results(content: Any, faults: list[str]) -> Results:
    """The caption of each image in a parsed list of results; its faults are appended to `faults`."""
    if not isinstance(content, list) or not content:
        faults.append('not a list of results, [{"image_id": 1, "caption": "a dog"}, ...], or an empty one')
        return {}
    found: Results = {}
    for place, image, caption in _entries(content, "", faults):
        if image in found:
            faults.append(f"[{place}]: image {image} has a result already")
        found[image] = caption
    return found


def tokenized_references(path: Path) -> References:
    """The tokenised captions of each image. Raises DataFault."""
    return _tokenized(path)


def tokenized_results(path: Path) -> Results:
    """The one tokenised caption of each image. Raises DataFault, also where an image has several."""
    found = _tokenized(path)
    refuse(
        path, [f"image {image} has {len(texts)} captions, not 1" for image, texts in found.items() if len(texts) != 1]
    )
    return {image: texts[0] for image, texts in found.items()}


def read_json(path: Path) -> Any:
    """The parsed content of a file. Raises DataFault where it is no JSON, or where an object has a key twice."""
    try:
        return parsed(path.read_bytes())
    except OSError as fault:
        raise DataFault(f"{path}: cannot be read: {fault.strerror}") from None
    except ValueError as fault:
        raise DataFault(f"{path}: {fault}") from None


def parsed(content: bytes) -> Any:
    """Strictly parsed JSON. Raises ValueError with a message for users, also for a key that occurs twice."""

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
    content = read_json(path)
    if not isinstance(content, dict) or not content:
        raise DataFault(f'{path}: not {{"image id": ["caption", ...], ...}}, or an empty one')
    wrong = [
        f"image {image} has no list of captions"
        for image, texts in content.items()
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts)
    ]
    refuse(path, wrong)
    return content


def _entries(entries: Iterable[Any], name: str, faults: list[str]) -> Iterable[tuple[int, int, str]]:
    """The position, image id and caption of each valid entry; the others are appended to the faults."""
    for place, entry in enumerate(entries):
        fields: Mapping[str, Any] = entry if isinstance(entry, dict) else {}
        image, caption = fields.get("image_id"), fields.get("caption")
        if type(image) is int and isinstance(caption, str):
            yield place, image, caption
        else:
            faults.append(f'{name}[{place}] has no whole number "image_id" and text "caption"')


def refuse(path: Path, faults: list[str]) -> None:
    """Raises DataFault with the first faults of a file, if there are any."""
    if faults:
        more = [f"and {len(faults) - SHOWN} more"] if len(faults) > SHOWN else []
        raise DataFault("\n".join(f"{path}: {fault}" for fault in [*faults[:SHOWN], *more]))
