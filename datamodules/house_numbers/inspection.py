"""Reports all faults of a folder of house numbers; reading the data set stops at the first."""

import tempfile
from pathlib import Path

import numpy as np

from datamodules.contract import DataFault
from datamodules.house_numbers.annotated import ANNOTATION, LABELS, Folder, Format1, LabelsOnly
from datamodules.house_numbers.crops import Middle, cut_all
from datamodules.storage.cache import Cache

SIDE = 8
"""Side in pixels of the crops that are decoded to check the files, and discarded."""


def folder_faults(root: Path, workers: int) -> tuple[list[str], list[str]]:
    """A line for each part checked, with its number of images, and all faults, each with file and entry.

    root: a folder with train/, test/ ... or one such part, or a folder of labels.csv and images/. Writes nothing there.
    Raises DataFault where it is none of these.
    """
    with tempfile.TemporaryDirectory() as scratch:
        seen, faults = [], []
        for folder, name in _folders(root, Cache(Path(scratch))):
            try:
                images, found = _faults(folder, workers, name)
            except DataFault as fault:
                images, found = 0, [str(fault)]
            seen.append(f"{name}: {images} images")
            faults += found
        return seen, faults


def _folders(root: Path, cache: Cache) -> list[tuple[Folder, str]]:
    if (root / LABELS).is_file():
        return [(LabelsOnly(root), root.name)]
    parts = [root] if (root / ANNOTATION).is_file() else sorted(path.parent for path in root.glob(f"*/{ANNOTATION}"))
    if not parts:
        raise DataFault(f"{root.absolute()} holds neither {ANNOTATION} nor {LABELS}, and no folder in it does.")
    return [(Format1(part.parent, part.name, cache), part.name) for part in parts]


def _faults(folder: Folder, workers: int, name: str) -> tuple[int, list[str]]:
    annotations = folder.annotations()
    photos = folder.photos(annotations)
    thrown_away = np.empty((len(photos), 1, SIDE, SIDE), np.uint8)
    _, found = cut_all(photos, Middle(1, 1), 1, thrown_away, workers, name)
    return len(photos), folder.faults(annotations) + found
