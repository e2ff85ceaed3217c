"""Writes synthetic house numbers in SVHN's file format, so that everything runs without a download.

Results on them are no results on SVHN. Deterministic for sizes, a seed and a version of Pillow.
"""

from pathlib import Path

from datamodules.house_numbers.digit_struct import gathered
from datamodules.house_numbers.digit_struct_writer import write_digit_struct
from datamodules.house_numbers.drawing import draw_house
from datamodules.storage.samples import SampleSettings, written_once
from datamodules.storage.threads import in_threads

THREADS = 2
"""Pillow releases the GIL while it warps and blurs; more than two threads gain nothing."""


def write_svhn_sample(folder: Path, sample: SampleSettings) -> None:
    """Write folder/train and folder/test, each with its digitStruct.mat, atomically, unless the folder exists.

    Raises DataFault where nothing can be written.
    """

    def write(fresh: Path) -> None:
        for part in ("train", "test"):
            _write_part(fresh / part, sample, part)

    written_once(folder, sample, write)


def _write_part(folder: Path, sample: SampleSettings, part: str) -> None:
    folder.mkdir(parents=True)
    images = getattr(sample, part)

    def write(number: int) -> list[list[float]]:
        house = draw_house(f"{sample.seed}/{part}/{number}")
        house.image.save(folder / f"{number}.png", compress_level=1)  # twice as fast, files a fifth larger
        return house.digits

    numbers = list(in_threads(write, range(1, images + 1), THREADS, f"drawing the sample, {part}"))
    entries = [(f"{number}.png", digits) for number, digits in enumerate(numbers, start=1)]
    write_digit_struct(folder / "digitStruct.mat", gathered(entries))
