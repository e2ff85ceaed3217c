"""The Street View House Numbers (SVHN), format 1: full numbers with a box for each digit.

Source: Netzer, Wang, Coates, Bissacco, Wu and Ng (2011). 33,402 training images, 13,068 test images and 202,353 easier
"extra" ones. The training part has one number of six digits, which is left out (and logged), since Goodfellow et al.
(2013) and DRAM (2015) read up to five. No test number is longer than five.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, final

from datamodules.contract import DataFault
from datamodules.house_numbers.annotated import ANNOTATION, Format1, LabelsOnly
from datamodules.house_numbers.crops import AroundDigits, Middle
from datamodules.house_numbers.numbers import Cutting, NumberReader
from datamodules.house_numbers.reading import HouseNumbers, NumberParts, NumberSource
from datamodules.house_numbers.svhn_sample import write_svhn_sample
from datamodules.ranges import ArgumentsOf, Count, NonNegative, SomeShare
from datamodules.storage.archives import Tar, fetch_and_unpack
from datamodules.storage.cache import Cache
from datamodules.storage.nearby import elsewhere
from datamodules.storage.samples import SampleSettings, drawn_anew

TEST = "test"


@final
class SvhnFolder(NumberSource):
    """A folder with train/, test/ and optionally extra/, each with its digitStruct.mat.

    parts: for training and validation: train, or train and extra. archives: of the parts, to download. unofficial:
    folders of labels.csv and images/ without boxes, used for training alone. frame, middle: the windows of photographs
    with boxes, and of those without.
    """

    def __init__(
        self,
        root: Path,
        parts: Sequence[str],
        archives: Sequence[Tar],
        mirrors: Sequence[str],
        unofficial: Sequence[Path],
        reader: NumberReader,
        cache: Cache,
        frame: AroundDigits,
        middle: Middle,
    ) -> None:
        self._root, self._parts, self._archives, self._mirrors = root, parts, archives, mirrors
        self._unofficial, self._reader, self._cache, self._frame, self._middle = (
            unofficial, reader, cache, frame, middle,
        )  # fmt: skip

    def fetch(self) -> None:
        fetch_and_unpack(self._archives, self._root, self._mirrors)

    def read(self) -> NumberParts:
        self._refuse_missing()
        return NumberParts(
            train=[self._official(part) for part in self._parts],
            train_only=[
                self._reader.read(LabelsOnly(folder), self._middle, f"unofficial-{folder.resolve().name}")
                for folder in self._unofficial
            ],
            test=self._official(TEST),
        )

    def _official(self, part: str) -> Any:
        return self._reader.read(Format1(self._root, part, self._cache), self._frame, part)

    def _refuse_missing(self) -> None:
        wanted = [f"{part}/{ANNOTATION}" for part in (*self._parts, TEST)]
        missing = [name for name in wanted if not (self._root / name).is_file()]
        if missing:
            raise DataFault(
                f"SVHN (format 1) is not complete in {self._root.absolute()}: {', '.join(missing)} missing."
                f"{elsewhere(self._root, missing[0])} Name the folder that has train/ and test/ with "
                "data.root=FOLDER, or have them fetched into this one (2.5 GB with extra): "
                f"data.download=true, or attention-fetch svhn {self._root}. "
                "data=svhn_sample needs no file at all."
            )


@final
class SvhnSample(NumberSource):
    """Synthetic numbers in SVHN's file format: written once into a folder, then read as the official files are."""

    def __init__(self, root: Path, sample: SampleSettings, files: SvhnFolder) -> None:
        self._root, self._sample, self._files = root, sample, files

    def fetch(self) -> None:
        write_svhn_sample(self._root, self._sample)

    def read(self) -> NumberParts:
        self.fetch()
        with drawn_anew(self._root):
            return self._files.read()


def archive(part: str, sha256: Mapping[str, str]) -> Tar:
    """The archive of a part. sha256: by archive name; for others the first download's checksum is recorded."""
    name = f"{part}.tar.gz"
    return Tar(name, (part,), 2, sha256.get(name, ""))


def files(
    root: Path,
    cache: Path,
    parts: Sequence[str],
    archives: Sequence[Tar],
    mirrors: Sequence[str],
    unofficial: Sequence[str],
    unofficial_width: float,
    unofficial_height: float,
    enlarge: float,
    square: int,
    workers: int,
    digits: int,
    channels: int,
    size: int,
) -> SvhnFolder:
    """The reader of a folder. Raises DataFault for impossible sizes."""
    if size > square:
        raise DataFault(f"data.size={size} px cannot be cut out of squares of data.square={square} px.")
    held = Cache(cache)
    reader = NumberReader(Cutting(digits, square, channels, workers), held)
    frame, middle = AroundDigits(enlarge), Middle(unofficial_width, unofficial_height)
    return SvhnFolder(root, parts, archives, mirrors, [Path(each) for each in unofficial], reader, held, frame, middle)


Further = Annotated[Any, ArgumentsOf(HouseNumbers)]
Sizes = Annotated[Mapping[str, int], ArgumentsOf(SampleSettings)]


def svhn(
    root: str,
    cache: str,
    parts: Sequence[str],
    download: bool,
    mirrors: Sequence[str],
    sha256: Mapping[str, str],
    unofficial: Sequence[str],
    unofficial_width: SomeShare,
    unofficial_height: SomeShare,
    enlarge: NonNegative,
    square: Count,
    workers: Count,
    **task: Further,
) -> HouseNumbers:
    """SVHN from its files; see SvhnFolder. All other arguments are those of HouseNumbers.

    square: side in pixels of the cached squares, from which images are cropped. sha256: by archive name; for others the
    first download's checksum is recorded beside the archive.
    """
    shared = {name: task[name] for name in ("digits", "channels", "size")}
    archives = [archive(part, sha256) for part in (*parts, TEST)] if download else []
    source = files(
        Path(root), Path(cache), parts, archives, mirrors, unofficial, unofficial_width, unofficial_height,
        enlarge, square, workers, **shared,
    )  # fmt: skip
    return HouseNumbers(source=source, **task)


def svhn_sample(
    root: str,
    cache: str,
    sample: Sizes,
    enlarge: NonNegative,
    square: Count,
    workers: Count,
    **task: Further,
) -> HouseNumbers:
    """Synthetic numbers, see SvhnSample; written into a folder under `root` named by the sample's sizes and seed."""
    settings = SampleSettings(**sample)
    shared = {name: task[name] for name in ("digits", "channels", "size")}
    name = settings.name("svhn")
    folder = Path(root) / name
    source = files(folder, Path(cache) / name, ["train"], [], [], [], 1, 1, enlarge, square, workers, **shared)
    return HouseNumbers(source=SvhnSample(folder, settings, source), **task)
