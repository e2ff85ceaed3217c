"""A synthetic data set in the layout of Stanford Dogs. It needs no download; no result on it is one on Stanford Dogs.

An image is a function of the seed, its list and its number, for one version of Pillow.
"""

from pathlib import Path

from datamodules.dogs.dog_files import Listed, write_annotation, write_list
from datamodules.dogs.drawing import MARKS, draw_dog
from datamodules.storage.samples import SampleSettings, written_once
from datamodules.storage.threads import in_threads

FOLDERS = tuple(f"n9900000{number}-{mark}" for number, mark in enumerate(MARKS, start=1))
"""The folder of each breed; no word of WordNet has such a number."""
THREADS = 2
QUALITY = 92
"""JPEG quality; saved without chroma subsampling, which would blur the marks."""


def write_dogs_sample(folder: Path, sample: SampleSettings) -> None:
    """Writes Images/, Annotation/ and the three lists, all or nothing, unless they are there. Raises DataFault."""
    written_once(folder, sample, lambda fresh: _write(fresh, sample))


def _write(folder: Path, sample: SampleSettings) -> None:
    for breed in FOLDERS:
        (folder / "Images" / breed).mkdir(parents=True)
        (folder / "Annotation" / breed).mkdir(parents=True)
    whole = Listed([], [])
    for part in ("train", "test"):
        listed = _part(folder, sample, part)
        write_list(folder / f"{part}_list.mat", listed)
        whole = Listed(whole.name + listed.name, whole.label + listed.label)
    write_list(folder / "file_list.mat", Listed(*map(list, zip(*sorted(zip(*whole, strict=True)), strict=True))))


def _part(folder: Path, sample: SampleSettings, part: str) -> Listed:
    """Writes the images of a list, breed by breed in turn: the numbers of images per breed differ by at most one."""
    first = 1 + (part == "test") * sample.train  # training and test images have different numbers

    def write(number: int) -> tuple[str, int]:
        breed = number % len(FOLDERS)
        name = f"{FOLDERS[breed]}/{FOLDERS[breed].split('-')[0]}_{number + first}.jpg"
        dog = draw_dog(f"{sample.seed}/{part}/{number}", list(MARKS)[breed])
        dog.image.save(folder / "Images" / name, quality=QUALITY, subsampling=0)
        file = folder / "Annotation" / name.removesuffix(".jpg")
        write_annotation(file, FOLDERS[breed].split("-", 1)[1], dog.image.size, [dog.box])
        return name, breed + 1

    written = in_threads(write, range(getattr(sample, part)), THREADS, f"drawing the sample, {part}")
    return Listed(*map(list, zip(*sorted(written, key=lambda each: each[1]), strict=True)))
