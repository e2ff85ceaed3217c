"""Synthetic house numbers in SVHN's official layout, so that everything runs without a download.

Drawn, not photographed: no result on them is one on SVHN. Alike for equal sizes and seed, on one version of Pillow.
"""

import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

from datamodules.contract import DataFault
from datamodules.formats.digit_struct import gathered
from datamodules.formats.digit_struct_writer import write_digit_struct
from datamodules.formats.house_number import draw_house
from datamodules.locks import locked
from datamodules.threads import in_threads

THREADS = 2
"""Pillow lets others run while it warps and blurs; more than two gain nothing."""


class Sample(NamedTuple):
    """Which sample: images to train on and to test on, and a seed."""

    train: int
    test: int
    seed: int

    @property
    def name(self) -> str:
        """Of its folder."""
        return f"train={self.train},test={self.test},seed={self.seed}"


def write_svhn_sample(folder: Path, sample: Sample) -> None:
    """Write folder/train and folder/test, each with its digitStruct.mat, all at once or not at all; once.

    Raises DataFault where nothing can be written.
    """
    if min(sample.train, sample.test) < 1:
        raise DataFault(f"a sample of {sample.train} training and {sample.test} test images: each needs at least one.")
    if folder.exists():
        return
    try:
        with locked(folder.parent / f".{folder.name}.lock"):
            if not folder.exists():  # nobody wrote it while we waited
                with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".writing.") as scratch:
                    for part in ("train", "test"):
                        _write_part(Path(scratch) / folder.name / part, sample, part)
                    shutil.move(Path(scratch) / folder.name, folder)
    except OSError as fault:
        raise DataFault(
            f"cannot write the sample {fault.filename or folder}: {fault.strerror}. "
            "Make room, or name another folder (data.root)."
        ) from None


def _write_part(folder: Path, sample: Sample, part: str) -> None:
    folder.mkdir(parents=True)
    images = getattr(sample, part)

    def write(number: int) -> list[list[float]]:
        house = draw_house(f"{sample.seed}/{part}/{number}")
        house.image.save(folder / f"{number}.png", compress_level=1)  # written twice as fast, a fifth larger
        return house.digits

    numbers = list(in_threads(write, range(1, images + 1), THREADS, f"drawing the sample, {part}"))
    entries = [(f"{number}.png", digits) for number, digits in enumerate(numbers, start=1)]
    write_digit_struct(folder / "digitStruct.mat", gathered(entries))
