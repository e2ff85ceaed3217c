"""Lists all faults of a folder of Stanford Dogs; reading it for training stops at the first."""

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
"""Maximum number of boxes of a photograph that are checked."""


def folder_faults(root: Path, workers: int) -> tuple[list[str], list[str]]:
    """A line for each list with its number of photographs, and all faults, each with file and entry.

    Writes nothing into the folder. Raises DataFault where a folder or list is missing or cannot be read.
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
        lists, found = folder.lists()
        found += folder.empty()
        seen = [] if boxed else [f"{ANNOTATION}/ is not there: boxes are not checked"]
        for part, listed in zip(PARTS, lists, strict=True):
            photos, annotated = folder.photos(listed.name, part)
            found += [line for line in annotated if line]
            unreadable = zip(photos, faults(photos, workers, part), strict=True)
            found += [f"{photo.path} {fault}" for photo, fault in unreadable if fault]
            seen.append(f"{part}: {len(photos)} photographs")
        return seen, found
