"""Folders of house number photographs with annotations: SVHN's format 1, and labels.csv for images without boxes.

Axes: N images, D digits of all images, K the most digits of a number, C channels, H rows, W columns.
"""

import csv
from abc import ABC, abstractmethod
from collections import defaultdict
from pathlib import Path
from typing import Any, final

import numpy as np

from datamodules.contract import DataFault
from datamodules.house_numbers.crops import Photo
from datamodules.house_numbers.digit_struct import Annotations, again, save_digit_struct
from datamodules.storage.cache import Cache, sha256_of
from datamodules.storage.stamps import stamps

ANNOTATION = "digitStruct.mat"
LABELS = "labels.csv"
TEN_IS_ZERO = 10


class Folder(ABC):
    """Reads the photographs of a folder and their annotations. cure: the remedy for a damaged file, in messages."""

    cure: str

    @abstractmethod
    def annotations(self) -> Annotations:
        """The annotations as read, not validated. Raises DataFault for an unreadable file."""

    @abstractmethod
    def faults(self, annotations: Annotations) -> list[str]:
        """All faults of the annotations, each with file and entry; opens no photograph."""

    @abstractmethod
    def photos(self, annotations: Annotations) -> list[Photo]:
        """The photographs' paths and the boxes of their digits."""

    @abstractmethod
    def source(self) -> dict[str, Any]:
        """The source of cache entries: the annotation file's sha256, and the stamps of the photographs that it names.

        Raises DataFault where the annotation file is missing.
        """


@final
class Format1(Folder):
    """A folder in SVHN's format 1: 1.png, 2.png, ... and digitStruct.mat."""

    def __init__(self, root: Path, part: str, cache: Cache) -> None:
        self._folder, self._part, self._cache = root / part, part, cache
        self.file = self._folder / ANNOTATION
        self.cure = f"Mend it, or {again(self._folder)}"

    def source(self) -> dict[str, Any]:
        annotation = _annotation(self.file)
        return {"annotation": annotation, "photos": _stamps(self._folder, self.annotations())}

    def annotations(self) -> Annotations:
        source = {"annotation": _annotation(self.file), "fields": Annotations._fields}
        return Annotations(**self._cache.arrays(f"{self._part}-annotations", source, self._parse))

    def _parse(self, folder: Path) -> None:
        save_digit_struct(self.file, folder)

    def faults(self, annotations: Annotations) -> list[str]:
        label, box = annotations.label, annotations.box
        found = _twice(annotations)
        found += [f"{_entry(annotations, image)} has no digits" for image in _where(annotations.length == 0)]
        found += [
            f"{_entry(annotations, image)} names a file outside the folder"
            for image, name in enumerate(annotations.name.tolist())
            if not _plain(name)
        ]
        for digit in _where(~np.isin(label, np.arange(1, TEN_IS_ZERO + 1))):
            found.append(
                f"{_digit(annotations, digit)} has the label {label[digit]:g}; labels are 1 to 10, and 10 is 0"
            )
        sound_D = np.isfinite(box).all(1) & (box[:, 2:] > 0).all(1)
        for digit in _where(~sound_D):
            sides = ", ".join(f"{side:g}" for side in box[digit])
            found.append(f"{_digit(annotations, digit)} has the empty box left, top, width, height = {sides}")
        return [f"{self.file}: {each}" for each in found]

    def photos(self, annotations: Annotations) -> list[Photo]:
        low_D2 = annotations.box[:, :2]
        boxes_D4 = np.concatenate([low_D2, low_D2 + annotations.box[:, 2:]], 1)
        own = np.split(boxes_D4, np.cumsum(annotations.length)[:-1])
        names = enumerate(annotations.name.tolist())
        return [Photo(self._folder / name, f"entry {n + 1} of {ANNOTATION}", own[n]) for n, name in names]


@final
class LabelsOnly(Folder):
    """A folder with images/ and labels.csv (columns filename and label): numbers without boxes of their digits."""

    def __init__(self, folder: Path) -> None:
        self._images, self.file = folder / "images", folder / LABELS
        self.cure = f"Mend it, or take its line out of {self.file}."

    def source(self) -> dict[str, Any]:
        annotation = _annotation(self.file)
        return {"annotation": annotation, "photos": _stamps(self._images, self.annotations())}

    def annotations(self) -> Annotations:
        rows = self._rows()
        digits = [TEN_IS_ZERO if digit == "0" else int(digit) for _, label in rows for digit in label]
        length = np.array([len(label) for _, label in rows], int)
        return Annotations(np.array([name for name, _ in rows]), length, np.array(digits, float), np.zeros((0, 4)))

    def _rows(self) -> list[tuple[str, str]]:
        try:
            with self.file.open(newline="", encoding="utf-8-sig") as file:
                read = [(row["filename"], row["label"]) for row in csv.DictReader(file)]
        except KeyError:
            raise DataFault(
                f"{self.file} is no table with filename and label: that has to be its first line."
            ) from None
        except (OSError, UnicodeDecodeError, csv.Error) as fault:
            why = fault.strerror if isinstance(fault, OSError) else fault
            raise DataFault(f"{self.file} cannot be read as a table in UTF-8: {why}. Mend it.") from None
        for line, (name, label) in enumerate(read, start=2):
            if not (_plain(name) and label and label.isascii() and label.isdigit()):
                row = f"{name!r:.100} with the label {label!r:.100}"
                raise DataFault(f"{self.file}, line {line}: {row} is no file and number. Mend or delete that line.")
        if not read:
            raise DataFault(f"{self.file} lists no image. It needs a line filename,label for each.")
        return read

    def faults(self, annotations: Annotations) -> list[str]:
        return [f"{self.file}: {each}" for each in _twice(annotations)]

    def photos(self, annotations: Annotations) -> list[Photo]:
        names = enumerate(annotations.name.tolist())
        return [Photo(self._images / name, f"line {n + 2} of {LABELS}", np.zeros((0, 4))) for n, name in names]


def _twice(annotations: Annotations) -> list[str]:
    entries = defaultdict(list)
    for number, name in enumerate(annotations.name.tolist(), start=1):
        entries[name].append(str(number))
    return [f"entries {' and '.join(places)} all name {name}" for name, places in entries.items() if len(places) > 1]


def _plain(name: str) -> bool:
    """Whether a name is a single path component, which can't lead out of its folder."""
    return bool(name) and Path(name).name == name and name != ".." and "\0" not in name


def _digit(annotations: Annotations, digit: int) -> str:
    image = int(np.searchsorted(np.cumsum(annotations.length), digit, side="right"))
    return f"{_entry(annotations, image)}, digit {digit - annotations.first[image] + 1},"


def _entry(annotations: Annotations, image: int) -> str:
    return f"entry {image + 1} ({annotations.name[image]})"


def _where(condition: Any) -> list[int]:
    return np.flatnonzero(condition).tolist()


def _annotation(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise DataFault(f"{path} is missing.")
    try:
        return {"bytes": path.stat().st_size, "modified": path.stat().st_mtime_ns, "sha256": sha256_of(path)}
    except OSError as fault:
        raise DataFault(f"{path} cannot be read: {fault.strerror}.") from None


def _stamps(folder: Path, annotations: Annotations) -> str:
    """The stamps of the photographs that an annotation names."""
    return stamps(folder / name for name in annotations.name.tolist() if _plain(name))
