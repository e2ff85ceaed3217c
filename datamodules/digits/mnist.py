"""MNIST, read from its four official files.

Source: LeCun, Bottou, Bengio and Haffner (1998). 60,000 training and 10,000 test digits, grey, 28 x 28 pixels.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, final

from annotated_types import Ge

from datamodules.contract import DataFault
from datamodules.digits.digit_canvases import DigitCanvases
from datamodules.digits.idx import read_idx
from datamodules.digits.sources import Digits, DigitSource, DigitSplits, split_at_random
from datamodules.ranges import ArgumentsOf, Natural
from datamodules.storage.download import Wanted, fetch
from datamodules.storage.nearby import elsewhere

OFFICIAL = (
    Wanted("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
    Wanted("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
    Wanted("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
    Wanted("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
)
"""File names and md5 sums. The sums are checked for downloads only: other digits in this format can be read."""

SIDE = 28
"""Side of a digit, in pixels."""

AGAIN = "Delete the files and fetch the official ones (data.download=true)."


@final
class MnistFiles(DigitSource):
    """The digits of a folder with the four files.

    One in `validation_one_in` training digits is used for validation, chosen at random by `split_seed`.
    """

    size = SIDE

    def __init__(
        self, root: Path, download: bool, mirrors: Sequence[str], validation_one_in: int, split_seed: int
    ) -> None:
        self._root, self._download, self._mirrors = root, download, mirrors
        self._one_in, self._split_seed = validation_one_in, split_seed

    def fetch(self) -> None:
        if self._download:
            fetch(OFFICIAL, self._root, self._mirrors)

    def read(self) -> DigitSplits:
        self._refuse_missing()
        train = pair(self._root, OFFICIAL[0].name, OFFICIAL[1].name)
        test = pair(self._root, OFFICIAL[2].name, OFFICIAL[3].name)
        validation, rest = split_at_random(train, self._split_seed, len(train.label) // self._one_in)
        return DigitSplits(rest, validation, test)

    def _refuse_missing(self) -> None:
        missing = [wanted.name for wanted in OFFICIAL if not (self._root / wanted.name).is_file()]
        if missing:
            raise DataFault(
                f"MNIST is not complete in {self._root.absolute()}: {', '.join(missing)} missing."
                f"{elsewhere(self._root, missing[0])} Name the folder that has the four official files with "
                "data.root=FOLDER, or have them fetched into this one: "
                f"data.download=true, or attention-fetch mnist {self._root}. "
                "data=digit_pairs needs no file at all."
            )


def pair(root: Path, images: str, labels: str) -> Digits:
    """The digits of a file of images and one of labels. Raises DataFault for files that are unreadable, of another
    image size or of unequal lengths, or for labels beyond 9.
    """
    image_NHW = read_idx(root / images, axes=3)
    label_N = read_idx(root / labels, axes=1)
    if tuple(image_NHW.shape[1:]) != (SIDE, SIDE):
        height, width = image_NHW.shape[1:]
        raise DataFault(
            f"{root / images} holds images of {height} x {width} pixels, and MNIST's are {SIDE} x {SIDE}. {AGAIN}"
        )
    if len(image_NHW) != len(label_N):
        raise DataFault(
            f"{root / labels} has {len(label_N)} labels for the {len(image_NHW)} images of {images}. {AGAIN}"
        )
    if label_N.max() > 9:
        place = int(label_N.argmax())
        raise DataFault(
            f"{root / labels} has the label {int(label_N[place])} at place {place}; labels are 0 to 9. {AGAIN}"
        )
    return Digits(image_NHW, label_N.long())


Further = Annotated[Any, ArgumentsOf(DigitCanvases)]


def mnist_canvases(
    root: str,
    download: bool,
    mirrors: Sequence[str],
    validation_one_in: Annotated[int, Ge(2)],
    split_seed: Natural,
    **canvases: Further,
) -> DigitCanvases:
    """DigitCanvases with MnistFiles as its source. canvases: the other arguments of DigitCanvases."""
    source = MnistFiles(Path(root), download, mirrors, validation_one_in, split_seed)
    return DigitCanvases(source=source, split_seed=split_seed, **canvases)
