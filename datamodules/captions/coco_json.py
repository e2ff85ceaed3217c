"""COCO's own annotation files: captions_*.json and instances_*.json of 2014 and 2017.

Source: Lin et al. (2014); Chen et al. (2015). {images: [{id, file_name, ...}], annotations: [{id, image_id, caption}]},
and for objects annotations of {id, image_id, category_id, bbox: [x, y, width, height]} and categories of {id, name}.
"""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from datamodules.captions.captioned import CaptionedImage, NamedBoxes, clean, is_plain, lacks, listed, lost, read_json

CAPTIONS = "a caption file of COCO (captions_*.json)"
MOST_PIXELS = 1_000_000
"""Maximum absolute value of a box's coordinates; no photograph is as large."""
INSTANCES = "a file of COCO's objects (instances_*.json)"


def read_captions(file: Path, folder: Path) -> tuple[list[CaptionedImage], list[str]]:
    """The images of a file, in its order, and all its faults, each with file and entry. folder: of the photographs.

    Raises DataFault for a file of another format.
    """
    content = read_json(file, ("images", "annotations"), CAPTIONS)
    faults: list[str] = []
    names = _names(content["images"], folder, faults)
    captions: dict[int, list[str]] = {key: [] for key in names}
    seen: set[int] = set()
    for place, annotation in enumerate(content["annotations"]):
        entry = f"annotations[{place}]"
        if lack := lacks(annotation, {"id": int, "image_id": int, "caption": str}):
            faults.append(f"{entry} {lack}")
            continue
        entry += f" (id {annotation['id']})"
        key, text = annotation["image_id"], clean(annotation["caption"])
        if annotation["id"] in seen:
            faults.append(f"{entry} has an id that an annotation before it has too")
        seen.add(annotation["id"])
        if key not in captions:
            faults.append(f"{entry} is of the image {key}, which is not among 'images'")
        elif not text:
            faults.append(f"{entry} of the image {key} has an empty caption")
        else:
            captions[key].append(text)
    faults += [f"{names[key][1]} has no caption" for key, texts in captions.items() if not texts]
    images = [CaptionedImage(key, folder / name, entry, tuple(captions[key])) for key, (name, entry) in names.items()]
    return images, [f"{file}: {fault}" for fault in faults]


def _names(records: list[Any], folder: Path, faults: list[str]) -> dict[int, tuple[str, str]]:
    """By an image's id, its file name and the name of its entry in messages."""
    there = listed(folder)
    names: dict[int, tuple[str, str]] = {}
    owners: dict[str, str] = {}
    if not there and records:
        first = records[0].get("file_name") if isinstance(records[0], dict) else None
        faults.append(f"its images should be in {folder.absolute()}, {lost(folder, first)}")
    for place, record in enumerate(records):
        entry = f"images[{place}]"
        if lack := lacks(record, {"id": int, "file_name": str}):
            faults.append(f"{entry} {lack}")
            continue
        key, name = record["id"], record["file_name"]
        entry += f" (id {key})"
        if key in names:
            faults.append(f"{entry} has an id that an image before it has too")
            continue
        if not is_plain(name):
            faults.append(f"{entry} names the file {name!r}, which is none in a folder of images")
        elif name in owners:
            faults.append(f"{entry} names the file {name}, as {owners[name]} does")
        elif there and name not in there:
            faults.append(f"{entry} names the file {name}, which is not in {folder.absolute()}")
        owners.setdefault(name, entry)
        names[key] = name, entry
    return names


def read_objects(files: Iterable[Path]) -> tuple[NamedBoxes, list[str]]:
    """The boxes of all files, and all faults, each with file and entry. Raises DataFault for files of another format.

    Crowds (iscrowd = 1), boxes around many objects, are left out. Classes are in the order of their ids.
    """
    contents = {file: read_json(file, ("annotations", "categories"), INSTANCES) for file in files}
    faults: list[str] = []
    kinds: dict[int, str] = {}
    for file, content in contents.items():
        for place, category in enumerate(content["categories"]):
            if lack := lacks(category, {"id": int, "name": str}):
                faults.append(f"{file}: categories[{place}] {lack}")
            elif not clean(category["name"]) or kinds.get(category["id"], category["name"]) != category["name"]:
                faults.append(f"{file}: categories[{place}] (id {category['id']}) has no name, or two")
            else:
                kinds[category["id"]] = clean(category["name"])
    ids = sorted(kinds)
    number = {key: place for place, key in enumerate(ids)}
    found = defaultdict(list)
    for file, content in contents.items():
        for place, annotation in enumerate(content["annotations"]):
            if lack := _box_fault(annotation, number):
                faults.append(f"{file}: annotations[{place}] {lack}")
            elif not annotation.get("iscrowd"):
                x, y, width, height = map(float, annotation["bbox"])
                found[annotation["image_id"]].append((number[annotation["category_id"]], (x, y, x + width, y + height)))
    return NamedBoxes(tuple(kinds[key] for key in ids), found), faults


def _box_fault(annotation: Any, number: dict[int, int]) -> str:
    if lack := lacks(annotation, {"image_id": int, "category_id": int, "bbox": list}):
        return lack
    if annotation["category_id"] not in number:
        return f"is of the category {annotation['category_id']}, which is not among 'categories'"
    box = annotation["bbox"]
    sound = len(box) == 4 and all(type(side) in (int, float) and abs(side) <= MOST_PIXELS for side in box)
    return "" if sound and min(box[2:]) >= 0 else f"has the box {box!r:.200}, which is no [x, y, width, height]"
