"""Folders of Stanford Dogs for tests: photographs of noise, with the boxes and labels that a test wants."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from svhn_folders import made

from datamodules.dogs.dog_files import Listed, write_annotation, write_list
from datamodules.dogs.stanford_breeds import OFFICIAL

SIZE = (60, 48)
"""Width and height of a photograph."""
BOX = (10, 8, 40, 44)
GIVEN = ("data.short=48", "data.size=32", "data.batch_size=4", "data.evaluation_batch_size=3",
         "data.images_per_epoch=10", "data.workers=2", "data.dogs=2")  # fmt: skip


def write_dogs(root: Path, breeds: Sequence[int] = (3, 57), train: int = 8, test: int = 3) -> Path:
    """So many photographs of each breed, named n..._1.jpg and on, those to train on first; red says which one it is."""
    lists = {"train": Listed([], []), "test": Listed([], [])}
    draw = np.random.default_rng(0)
    for breed in breeds:
        folder = OFFICIAL[breed - 1]
        (root / "Images" / folder).mkdir(parents=True)
        (root / "Annotation" / folder).mkdir(parents=True)
        for number in range(1, train + test + 1):
            name = f"{folder}/{folder.split('-')[0]}_{number}"
            pixels = draw.integers(0, 256, (*SIZE[::-1], 3), np.uint8)
            pixels[..., 0] = 60 + 8 * number
            Image.fromarray(pixels).save(root / "Images" / f"{name}.jpg", quality=95)
            write_annotation(root / "Annotation" / name, folder.split("-", 1)[1], SIZE, [BOX])
            listed = lists["train" if number <= train else "test"]
            listed.name.append(f"{name}.jpg")
            listed.label.append(breed)
    for part, listed in lists.items():
        write_list(root / f"{part}_list.mat", listed)
    return root


def dogs(root: Path, *overrides: str, name: str = "stanford_dogs") -> Any:
    """The data set over a small folder, in small batches."""
    return made(name, f"data.root={root}", *GIVEN, *overrides)
