"""All faults of a folder of dogs at once, where reading stops at the first."""

import tempfile
from pathlib import Path

from datamodules.contract import DataFault
from datamodules.dogs.dog_photos import ANNOTATION, IMAGES, PARTS, DogFolder, breeds
from datamodules.dogs.dogs_sample import FOLDERS
from datamodules.dogs.stanford_breeds import OFFICIAL
from datamodules.photos.framing import WholePhotograph
from datamodules.photos.photo_stock import PhotoReading, faults
from datamodules.photos.photographs import LEAST_SIDE
from datamodules.storage.cache import Cache

MOST_DOGS = 99
"""Boxes of a photograph that are looked at."""


def folder_faults(root: Path, workers: int) -> tuple[list[str], list[str]]:
    """What was looked at, a line a list with the number of photographs, and all faults, each naming file and entry.

    Writes nothing there. Raises DataFault where a list cannot be read.
    """
    names = FOLDERS if any((root / IMAGES / folder).is_dir() for folder in FOLDERS) else OFFICIAL
    boxed = (root / ANNOTATION).is_dir()
    with tempfile.TemporaryDirectory() as scratch:
        reading = PhotoReading(LEAST_SIDE, workers, keep=False, skip=False)
        cache, every = Cache(Path(scratch)), breeds(names, [])
        folder = DogFolder(root, every, MOST_DOGS if boxed else 0, WholePhotograph(), reading, cache)
        missing = folder.missing()
        if missing:
            raise DataFault(f"{root.absolute()} is no folder of Stanford Dogs: {', '.join(missing)} missing.")
        lists, told = folder.lists()
        told += folder.empty()
        seen = [] if boxed else [f"{ANNOTATION}/ is not there: boxes are not looked at"]
        for part, listed in zip(PARTS, lists, strict=True):
            photos, annotated = folder.photos(listed.name, part)
            told += [line for line in annotated if line]
            found = zip(photos, faults(photos, workers, part), strict=True)
            told += [f"{photo.path} {fault}" for photo, fault in found if fault]
            seen.append(f"{part}: {len(photos)} photographs")
        return seen, told
