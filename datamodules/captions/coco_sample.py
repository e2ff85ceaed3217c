"""Writes synthetic scenes in COCO's file format, so that everything runs without a download. It is not COCO."""

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from datamodules.captions.drawing import SHAPES, SIDE, ShapeScene, captions, picture, scene
from datamodules.storage.samples import SampleSettings, written_once

YEAR = 2017
"""Year of the file format."""
PARTS = {"train": "train", "val": "test"}
"""COCO's name of each part, and the field of SampleSettings with its size."""


def write_coco_sample(folder: Path, sample: SampleSettings) -> None:
    """Write the images, captions and boxes of both parts, atomically, unless the folder exists.

    Raises DataFault where nothing can be written.
    """

    def write(fresh: Path) -> None:
        first = 1
        for part, size in PARTS.items():
            images = getattr(sample, size)
            _write_part(fresh, part, range(first, first + images), sample.seed)
            first += images

    written_once(folder, sample, write)


def _write_part(folder: Path, part: str, ids: range, seed: int) -> None:
    photos, annotations = folder / f"{part}{YEAR}", folder / "annotations"
    photos.mkdir(parents=True)
    annotations.mkdir(exist_ok=True)
    scenes = []
    for key in track(ids, f"drawing the sample, {part}", console=Console(stderr=True), transient=True):
        scenes.append(scene(_key(seed, key)))
        picture(scenes[-1], _key(seed, key)).save(photos / _file(key), quality=95, subsampling=0)
    images = [{"id": key, "file_name": _file(key), "width": SIDE, "height": SIDE} for key in ids]
    info = {"description": "Synthetic scenes of coloured shapes in COCO's layout. Not COCO.", "version": "1.0"}
    contents = {
        "captions": {"annotations": _captions(ids, scenes, seed)},
        "instances": {"annotations": _boxes(ids, scenes), "categories": _categories()},
    }
    for kind, content in contents.items():
        whole = {"info": info, "licenses": [], "images": images, **content}
        (annotations / f"{kind}_{part}{YEAR}.json").write_text(json.dumps(whole))


def _key(seed: int, key: int) -> str:
    return f"{seed}/{key}"


def _file(key: int) -> str:
    return f"{key:012d}.jpg"


def _categories() -> list[dict[str, Any]]:
    return [{"id": place + 1, "name": shape, "supercategory": "shape"} for place, shape in enumerate(SHAPES)]


def _captions(ids: range, scenes: list[ShapeScene], seed: int) -> list[dict[str, Any]]:
    rows = [(key, text) for key, each in zip(ids, scenes, strict=True) for text in captions(each, _key(seed, key))]
    first = ids[0] * 10  # so that ids of the two parts differ
    return [{"id": first + n, "image_id": key, "caption": text} for n, (key, text) in enumerate(rows)]


def _boxes(ids: range, scenes: list[ShapeScene]) -> list[dict[str, Any]]:
    found = [
        (key, SHAPES.index(thing.shape) + 1, box)
        for key, each in zip(ids, scenes, strict=True)
        for thing in (each.first, each.second)
        for box in thing.boxes
    ]
    first = ids[0] * 10
    return [
        {
            "id": first + n, "image_id": key, "category_id": kind, "iscrowd": 0,
            "bbox": [round(x0, 2), round(y0, 2), round(x1 - x0, 2), round(y1 - y0, 2)],
            "area": round((x1 - x0) * (y1 - y0), 2),
        }
        for n, (key, kind, (x0, y0, x1, y1)) in enumerate(found)
    ]  # fmt: skip
