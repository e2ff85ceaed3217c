"""Caption sources: COCO's official files, Karpathy's split of COCO and Flickr, and a synthetic sample.

Sources: Lin et al. (2014) and Chen et al. (2015), COCO and its captions: 82,783 + 40,504 images in 2014, 118,287 +
5,000 in 2017, at least five captions each. Karpathy and Fei-Fei (2015): COCO of 2014 in 113,287 to train on ("train"
and "restval"), 5,000 to validate and 5,000 to test. Hodosh et al. (2013), Flickr8k; Young et al. (2014), Flickr30k.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, final

import torch

from datamodules.base import derived_seed
from datamodules.captions.captioned import CaptionedImage, CaptionParts, CaptionSource, MissingFault, NamedBoxes, refuse
from datamodules.captions.coco_json import read_captions, read_objects
from datamodules.captions.coco_sample import write_coco_sample
from datamodules.captions.karpathy import NOWHERE, read_karpathy
from datamodules.contract import DataFault
from datamodules.storage.archives import Zip, fetch_and_unpack
from datamodules.storage.nearby import elsewhere
from datamodules.storage.samples import SampleSettings, drawn_anew

PARTS = ("train", "val")
"""The official splits with public captions; those of "test" are withheld."""


class Download(NamedTuple):
    """archives: to download; none where download is disabled. mirrors: URLs by the group named in `Zip.mirror`."""

    archives: Sequence[Zip]
    mirrors: Mapping[str, Sequence[str]]

    def into(self, root: Path) -> None:
        """Download and extract what the folder lacks. Raises DataFault."""
        for archive in self.archives:
            fetch_and_unpack([archive], root, archive.addresses(self.mirrors))


class HeldOut(NamedTuple):
    """The validation split, sampled from the official training images: their number, and their maximum share."""

    images: int
    share: float
    seed: int


@final
class Official(CaptionSource):
    """COCO's official files. The official test images have no public captions, so the official validation split is the
    test split, and the validation split is sampled from the training images.
    """

    def __init__(self, root: Path, year: int, held_out: HeldOut, download: Download) -> None:
        self._root, self._year, self._held_out, self._download = root, year, held_out, download

    def fetch(self) -> None:
        self._download.into(self._root)

    def images(self) -> tuple[list[CaptionedImage], list[str]]:
        (train, faults), (test, more) = self._read()
        return train + test, faults + more

    def parts(self) -> CaptionParts:
        (train, faults), (test, more) = self._read()
        refuse(faults + more)
        return CaptionParts(*_drawn(train, self._held_out), test)

    def objects(self) -> tuple[NamedBoxes, list[str]]:
        files = [self._file("instances", part) for part in PARTS]
        refuse_missing(self._root, files)
        return read_objects(files)

    def _read(self) -> list[tuple[list[CaptionedImage], list[str]]]:
        files = [self._file("captions", part) for part in PARTS]
        refuse_missing(self._root, files)
        folders = [self._root / f"{part}{self._year}" for part in PARTS]
        return [read_captions(file, folder) for file, folder in zip(files, folders, strict=True)]

    def _file(self, kind: str, part: str) -> Path:
        return self._root / "annotations" / f"{kind}_{part}{self._year}.json"


def _drawn(train: list[CaptionedImage], held_out: HeldOut) -> tuple[list[CaptionedImage], list[CaptionedImage]]:
    """The training and the validation images, both in the order of the file."""
    images = min(held_out.images, int(len(train) * held_out.share))
    if not 0 < images < len(train):
        raise DataFault(
            f"{len(train)} training images cannot give {images} to validation and keep a rest: change "
            "data.validation_images or data.validation_share, or give more images."
        )
    generator = torch.Generator().manual_seed(derived_seed("validation", held_out.seed))
    drawn = set(torch.randperm(len(train), generator=generator)[:images].tolist())
    rest = [image for place, image in enumerate(train) if place not in drawn]
    return rest, [train[place] for place in sorted(drawn)]


@final
class Karpathy(CaptionSource):
    """One of Karpathy's files, and the folder of its images (for COCO, of train2014 and val2014).

    splits: the split of each of the file's parts, or "nowhere". instances: COCO's files with boxes of objects.
    """

    def __init__(self, root: Path, file: str, images: str, splits: Mapping[str, str], instances: Sequence[str],
                 download: Download) -> None:  # fmt: skip
        unknown = sorted({*splits.values()} - {*CaptionParts._fields, NOWHERE})
        if unknown:
            raise DataFault(
                f"data.splits maps to {', '.join(unknown)}; there are {', '.join(CaptionParts._fields)}, {NOWHERE}."
            )
        self._root, self._file, self._images, self._splits = root, root / file, root / images, splits
        self._instances, self._download = [root / name for name in instances], download

    def fetch(self) -> None:
        self._download.into(self._root)

    def images(self) -> tuple[list[CaptionedImage], list[str]]:
        found, faults = self._read()
        return [image for part in found.values() for image in part], faults

    def parts(self) -> CaptionParts:
        found, faults = self._read()
        refuse(faults)
        return CaptionParts(**found)

    def objects(self) -> tuple[NamedBoxes, list[str]]:
        refuse_missing(self._root, self._instances)
        return read_objects(self._instances)

    def _read(self) -> tuple[dict[str, list[CaptionedImage]], list[str]]:
        refuse_missing(self._root, [self._file])
        found, faults = read_karpathy(self._file, self._images, self._splits)
        empty = [f"{self._file}: no image is for {split}" for split in CaptionParts._fields if not found.get(split)]
        return found, faults + empty


@final
class CocoSample(CaptionSource):
    """Synthetic scenes in COCO's file format: written once into a folder, then read as the official files are."""

    def __init__(self, root: Path, sample: SampleSettings, files: Official) -> None:
        self._root, self._sample, self._files = root, sample, files

    def fetch(self) -> None:
        write_coco_sample(self._root, self._sample)

    def images(self) -> tuple[list[CaptionedImage], list[str]]:
        with drawn_anew(self._root):
            return self._files.images()

    def parts(self) -> CaptionParts:
        with drawn_anew(self._root):
            return self._files.parts()

    def objects(self) -> tuple[NamedBoxes, list[str]]:
        with drawn_anew(self._root):
            return self._files.objects()


def refuse_missing(root: Path, files: Sequence[Path]) -> None:
    """Raises MissingFault with the missing files and the remedy."""
    missing = [str(file.relative_to(root)) for file in files if not file.is_file()]
    if missing:
        raise MissingFault(
            f"the captions are not complete in {root.absolute()}: {', '.join(missing)} missing."
            f"{elsewhere(root, missing[0])} Name the folder that has them with data.root=FOLDER, or have them "
            "fetched: data.download=true, or attention-fetch coco (or coco2017, flickr8k, flickr30k). "
            "data=coco_sample needs no file at all."
        )
