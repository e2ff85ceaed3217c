"""What the tests of captions share: tiny files in the official and in Karpathy's layout, and faults put into them."""

import json
from pathlib import Path
from typing import Any

from PIL import Image

TEXTS = ["A dog runs.", "Two dogs on a beach", "the dog's ball", "a beach", "A man and his dog"]


def photo(path: Path, size: tuple[int, int] = (40, 30), colour: tuple[int, int, int] = (90, 120, 30)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


def official(root: Path, part: str, keys: list[int], year: int = 2014, texts: list[str] = TEXTS) -> Path:
    """A part of the official layout; image 7 is COCO_7.jpg. Returns the caption file."""
    for key in keys:
        photo(root / f"{part}{year}" / f"COCO_{key}.jpg", colour=(8 * key % 250, 100, 50))
    images = [{"id": key, "file_name": f"COCO_{key}.jpg", "width": 40, "height": 30} for key in keys]
    told = [(key, text) for key in keys for text in texts]
    first = 1000 * keys[0]
    annotations = [{"id": first + n, "image_id": key, "caption": text} for n, (key, text) in enumerate(told)]
    return write(root / "annotations" / f"captions_{part}{year}.json", {"images": images, "annotations": annotations})


def instances(root: Path, part: str, boxes: list[tuple[int, int, list[float]]], year: int = 2014) -> Path:
    """Objects (image, category, [x, y, width, height]) of the kinds 18, dog, and 1, person."""
    annotations = [
        {"id": n, "image_id": key, "category_id": kind, "bbox": box, "iscrowd": 0}
        for n, (key, kind, box) in enumerate(boxes)
    ]
    kinds = [{"id": 18, "name": "dog"}, {"id": 1, "name": "person"}]
    path = root / "annotations" / f"instances_{part}{year}.json"
    return write(path, {"images": [], "annotations": annotations, "categories": kinds})


def karpathy(root: Path, splits: list[str], file: str = "dataset_coco.json", folder: str = "") -> Path:
    """A file of Karpathy's with one image for each entry of `splits`; COCO's are in train2014 and val2014."""
    coco = file == "dataset_coco.json"
    images = []
    for n, split in enumerate(splits):
        under = ("train2014" if split == "train" else "val2014") if coco else ""
        photo(root / folder / under / f"{n}.jpg", colour=(8 * n % 250, 100, 50))
        sentences = [{"tokens": ["never", "read"], "raw": text, "imgid": n, "sentid": 5 * n + k}
                     for k, text in enumerate(TEXTS)]  # fmt: skip
        own = {"filepath": under, "cocoid": 100 + n} if coco else {}
        images.append({"filename": f"{n}.jpg", "imgid": n, "split": split, "sentences": sentences, **own})
    return write(root / file, {"dataset": "any", "images": images})


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def changed(path: Path, change: Any) -> Path:
    """The file after `change` was made to its content."""
    content = json.loads(path.read_text())
    change(content)
    return write(path, content)
