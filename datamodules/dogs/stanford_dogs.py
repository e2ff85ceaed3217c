"""Stanford Dogs: 120 breeds, 100 training photographs of each and 8,580 test photographs, with a box around each dog.

Source: Khosla, Jayadevaprakash, Yao and Fei-Fei (2011). The data set is a part of ImageNet: weights trained on ImageNet
have seen the test photographs, unless these were removed first, as Sermanet et al. (2015) did.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, final

from datamodules.contract import DataFault
from datamodules.dogs.dog_photos import ANNOTATION, IMAGES, DogFolder, breeds
from datamodules.dogs.dogs_sample import FOLDERS, write_dogs_sample
from datamodules.dogs.stanford_breeds import OFFICIAL
from datamodules.photos.categories import Categories, CategoryParts, CategorySource
from datamodules.photos.framing import Framing, WholePhotograph
from datamodules.photos.photo_stock import PhotoReading
from datamodules.ranges import ArgumentsOf, Count, Natural
from datamodules.storage.archives import Tar, fetch_and_unpack
from datamodules.storage.cache import Cache
from datamodules.storage.nearby import elsewhere
from datamodules.storage.samples import SampleSettings, drawn_anew

LISTS = ("file_list.mat", "train_list.mat", "test_list.mat")


def archives(sha256: Mapping[str, str]) -> list[Tar]:
    """The three published archives. sha256: by archive; one that is not listed is compared with its first download."""
    held = {"lists.tar": (LISTS, 1), "annotation.tar": ((ANNOTATION,), 3), "images.tar": ((IMAGES,), 3)}
    return [Tar(name, holds, depth, sha256.get(name, "")) for name, (holds, depth) in held.items()]


@final
class DogFiles(CategorySource):
    """A folder in the published layout, or a part of it. wanted: archives that `fetch` downloads."""

    def __init__(
        self, root: Path, wanted: Sequence[Tar], mirrors: Sequence[str], folder: DogFolder,
        symbols: tuple[str, ...], boxes: int, cut_by_boxes: bool,
    ) -> None:  # fmt: skip
        self._root, self._wanted, self._mirrors, self._folder = root, wanted, mirrors, folder
        self.symbols, self.box_names = symbols, tuple(f"dog {number}" for number in range(1, boxes + 1))
        self.cut_by_boxes = cut_by_boxes

    def fetch(self) -> None:
        fetch_and_unpack(self._wanted, self._root, self._mirrors)

    def read(self) -> CategoryParts:
        missing = self._folder.missing()
        if missing:
            raise DataFault(
                f"Stanford Dogs is not complete in {self._root.absolute()}: {', '.join(missing)} missing."
                f"{elsewhere(self._root, missing[0])} Name the folder that has them with data.root=FOLDER, or have "
                "them fetched into this one (780 MB): data.download=true, or "
                f"attention-fetch dogs {self._root}. "
                "data=stanford_dogs_sample needs no file at all."
            )
        return self._folder.read()


@final
class DogSample(CategorySource):
    """Synthetic dogs in the same layout: written once, then read like the official files."""

    def __init__(self, root: Path, sample: SampleSettings, files: DogFiles) -> None:
        self._root, self._sample, self._files = root, sample, files
        self.symbols, self.box_names, self.cut_by_boxes = files.symbols, files.box_names, files.cut_by_boxes

    def fetch(self) -> None:
        write_dogs_sample(self._root, self._sample)

    def read(self) -> CategoryParts:
        self.fetch()
        with drawn_anew(self._root):
            return self._files.read()


def _reading(
    short: Count, workers: Count, keep_decoded: bool, skip_unreadable: bool, **task: Any
) -> tuple[PhotoReading, dict[str, Any]]:
    """PhotoReading from its arguments, and all other arguments."""
    return PhotoReading(short, workers, keep_decoded, skip_unreadable), task


Further = Annotated[Any, ArgumentsOf(Categories), ArgumentsOf(_reading)]
Sizes = Annotated[Mapping[str, int], ArgumentsOf(SampleSettings)]


def stanford_dogs(
    root: str,
    cache: str,
    download: bool,
    mirrors: Sequence[str],
    sha256: Mapping[str, str],
    breeds: Sequence[Count],
    dogs: Natural,
    framing: Framing,
    **task: Further,
) -> Categories:
    """Stanford Dogs from its files. All other arguments are those of Categories and of PhotoReading.

    breeds: official ids, [] for all. dogs: maximum number of boxes per photograph; with 0 no annotation is read. Raises
    DataFault.
    """
    if dogs == 0 and framing.reads_boxes:
        raise DataFault("data.dogs=0: no box is read of a photograph, which needs 1 or more to crop to one.")
    held, reading, task = Cache(Path(cache)), *_reading(**task)
    wanted = archives(sha256) if download else []
    files = _files(Path(root), wanted, mirrors, OFFICIAL, breeds, dogs, framing, reading, held)
    return Categories(source=files, reading=reading, cache=held, **task)


def stanford_dogs_sample(
    root: str,
    cache: str,
    sample: Sizes,
    **task: Further,
) -> Categories:
    """Synthetic dogs, written into a folder below `root`, named by its settings. sample: those of SampleSettings."""
    settings = SampleSettings(**sample)
    name = settings.name("dogs")
    folder, held, reading, task = Path(root) / name, Cache(Path(cache) / name), *_reading(**task)
    files = _files(folder, [], [], FOLDERS, [], 1, WholePhotograph(), reading, held)
    return Categories(source=DogSample(folder, settings, files), reading=reading, cache=held, **task)


def _files(
    root: Path, wanted: Sequence[Tar], mirrors: Sequence[str], folders: tuple[str, ...], chosen: Sequence[int],
    dogs: int, framing: Framing, reading: PhotoReading, cache: Cache,
) -> DogFiles:  # fmt: skip
    every = breeds(folders, chosen)
    folder = DogFolder(root, every, dogs, framing, reading, cache)
    return DogFiles(root, wanted, mirrors, folder, every.symbols, dogs, framing.cut_by_boxes)
