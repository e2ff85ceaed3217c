"""A folder of Stanford Dogs in the published layout: photographs by breed, their boxes, the training and the test list.

A part of the data set is enough: only what the lists name is read. Axes: N photographs, K boxes of each.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, final

import numpy as np

from datamodules.contract import DataFault
from datamodules.dogs.dog_files import Listed, dog_boxes, list_faults, read_list
from datamodules.photos.categories import CategoryParts, LabelledPhotos
from datamodules.photos.framing import Framing
from datamodules.photos.photo_stock import PhotoReading, inspected, without_faults
from datamodules.photos.photographs import WHOLE, Floats, Photograph
from datamodules.storage.cache import Cache
from datamodules.storage.stamps import stamps

IMAGES, ANNOTATION = "Images", "Annotation"
PARTS = ("train", "test")
CHECK = "attention-check-data dogs"
AGAIN = (
    "Mend it, or delete what is at fault (a list, or all of Images or Annotation) and fetch it again: "
    "data.download=true, or attention-fetch dogs."
)


class Breeds(NamedTuple):
    """The breeds. folder: the folder of each official id, from 1. chosen: the ids to use, ascending."""

    folder: tuple[str, ...]
    chosen: tuple[int, ...]

    @property
    def symbols(self) -> tuple[str, ...]:
        """The names of the chosen breeds, without WordNet's number: "Maltese dog"."""
        return tuple(self.folder[number - 1].split("-", 1)[-1].replace("_", " ") for number in self.chosen)


def breeds(folder: tuple[str, ...], chosen: Sequence[int]) -> Breeds:
    """The chosen breeds. chosen: official ids; empty for all. Raises DataFault for an unknown or repeated id."""
    strange = [number for number in chosen if not (isinstance(number, int) and 1 <= number <= len(folder))]
    if strange or len(set(chosen)) < len(chosen):
        raise DataFault(f"data.breeds={list(chosen)}: ids are 1 to {len(folder)}, each named once; [] is all of them.")
    return Breeds(folder, tuple(sorted(chosen)) or tuple(range(1, len(folder) + 1)))


@final
class DogFolder:
    """Reads a folder.

    boxes: K, the maximum number of boxes per photograph; the largest are kept. With 0 no annotation is read.
    """

    def __init__(
        self, root: Path, breeds: Breeds, boxes: int, framing: Framing, reading: PhotoReading, cache: Cache
    ) -> None:
        self._root, self._breeds, self._boxes, self._framing = root, breeds, boxes, framing
        self._reading, self._cache = reading, cache

    def list_file(self, part: str) -> Path:
        return self._root / f"{part}_list.mat"

    def missing(self) -> list[str]:
        """The folders and lists that are missing, relative to the root."""
        folders = (IMAGES, ANNOTATION) if self._boxes else (IMAGES,)
        lacking = [f"{name}/" for name in folders if not (self._root / name).is_dir()]
        return lacking + [self.list_file(part).name for part in PARTS if not self.list_file(part).is_file()]

    def lists(self) -> tuple[list[Listed], list[str]]:
        """Both lists and all their faults. Raises DataFault for one that cannot be read."""
        found = [read_list(self.list_file(part)) for part in PARTS]
        faults = []
        for part, listed in zip(PARTS, found, strict=True):
            faults += list_faults(self.list_file(part), listed, self._breeds.folder)
        both = sorted(set(found[0].name) & set(found[1].name))
        return found, faults + [f"{self.list_file('test')}: {name} is to train on as well" for name in both]

    def empty(self) -> list[str]:
        """A fault for each folder of a breed without photographs."""
        folders = sorted(path for path in (self._root / IMAGES).iterdir() if path.is_dir())
        return [f"{folder} holds no photograph" for folder in folders if not any(folder.iterdir())]

    def read(self) -> CategoryParts:
        """The labelled photographs of both lists. Raises DataFault with the first fault and the number of others."""
        found, faults = self.lists()
        if faults := [*faults, *self.empty()]:
            raise DataFault.of(faults, CHECK, AGAIN)
        return CategoryParts(*(self._part(part, listed) for part, listed in zip(PARTS, found, strict=True)))

    def _part(self, part: str, listed: Listed) -> LabelledPhotos:
        symbol = {number: place for place, number in enumerate(self._breeds.chosen)}
        numbers = [number for number, label in enumerate(listed.label, start=1) if label in symbol]
        rows = [(listed.name[number - 1], symbol[listed.label[number - 1]]) for number in numbers]
        if not rows:
            raise DataFault(f"{self.list_file(part)} names no photograph of the chosen breeds (data.breeds).")
        photos, faults = self.photos([name for name, _ in rows], part)
        faults = [
            one or other for one, other in zip(faults, inspected(photos, part, self._reading, self._cache), strict=True)
        ]
        entries = [f" (entry {number} of {self.list_file(part).name})" for number in numbers]
        faults = [fault and fault + entry for fault, entry in zip(faults, entries, strict=True)]
        left = without_faults(faults, self._reading.skip, part, CHECK)
        return LabelledPhotos([photos[place] for place in left], [rows[place][1] for place in left])

    def photos(self, names: Sequence[str], part: str) -> tuple[list[Photograph], list[str]]:
        """The photographs of these names, and for each the fault of its annotation, "" for none.

        part: of PARTS; each has a cache entry of its own.
        """
        paths = [self._root / IMAGES / name for name in names]
        if not self._boxes:
            return [Photograph(path) for path in paths], [""] * len(paths)
        files = [self._root / ANNOTATION / name.removesuffix(".jpg") for name in names]
        entry = self._cache.arrays(
            f"{part}-boxes", {"files": stamps(files), "boxes": self._boxes}, lambda made: self._annotations(files, made)
        )
        boxes_NK4, fault_N = entry["boxes"], entry["fault"].tolist()
        faults = [f"{file} {fault}" if fault else "" for file, fault in zip(files, fault_N, strict=True)]
        return [Photograph(path, self._window(own), own) for path, own in zip(paths, boxes_NK4, strict=True)], faults

    def _window(self, boxes_K4: Floats) -> Floats:
        real_K4 = boxes_K4[~np.isnan(boxes_K4).any(1)]
        return self._framing.window(real_K4) if len(real_K4) else WHOLE

    def _annotations(self, files: Sequence[Path], made: Path) -> None:
        found = [dog_boxes(file) for file in files]
        boxes_NK4 = np.stack([_first(boxes, self._boxes) for boxes, _ in found])
        np.save(made / "boxes.npy", boxes_NK4)
        np.save(made / "fault.npy", np.array([fault for _, fault in found], dtype=np.str_))


def _first(boxes: Floats, most: int) -> Floats:
    """(K, 4): the K largest boxes from left to right by their centres, padded with NaN. most: K."""
    area = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    largest = boxes[np.argsort(-area, kind="stable")[:most]]
    ordered = largest[np.argsort(largest[:, [0, 2]].sum(1), kind="stable")]
    return np.concatenate([ordered, np.full((most - len(ordered), 4), np.nan)])
