"""How long digitStruct.mat takes to read: our way, and with an h5py `Dataset` for each object as ports do, in one run.

python scripts/measure_svhn_reading.py [--images 33402] [--rounds 3]

The file is written first, in the official structure, with as many digits a number as SVHN's training part has. Each way
parses it whole; the plain way reads a part of the entries, since it takes minutes, and is scaled up.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from benchmark.process.program import program
from datamodules.house_numbers.digit_struct import Annotations, read_digit_struct
from datamodules.house_numbers.digit_struct_writer import write_digit_struct

TRAINING = 33_402
LENGTHS = (5137, 18130, 8691, 1434, 9, 1)
"""Numbers of 1 to 6 digits in SVHN's training part."""


def made_up(images: int) -> Annotations:
    draw = np.random.default_rng(0)
    length = 1 + draw.choice(len(LENGTHS), images, p=np.array(LENGTHS) / sum(LENGTHS))
    digits = int(length.sum())
    name = np.array([f"{number + 1}.png" for number in range(images)])
    return Annotations(name, length, draw.integers(1, 11, digits) * 1.0, draw.integers(1, 90, (digits, 4)) * 1.0)


def plain(path: Path, images: int) -> None:
    """The loop that is copied from port to port."""
    with h5py.File(path) as file:
        names, boxes = file["digitStruct"]["name"], file["digitStruct"]["bbox"]
        for number in range(images):
            "".join(chr(letter[0]) for letter in file[names[number][0]])
            group = file[boxes[number].item()]
            for key in ("height", "label", "left", "top", "width"):
                member = group[key]
                if len(member) > 1:
                    [file[member[digit].item()][0][0] for digit in range(len(member))]
                else:
                    [member[0][0]]


def seconds(action: Callable[[], object]) -> float:
    before = time.process_time()
    action()
    return time.process_time() - before


@program
def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the reading of SVHN's annotation, in seconds of one core.")
    parser.add_argument("--images", type=int, default=TRAINING, help="default: %(default)s, those of the training part")
    parser.add_argument(
        "--part", type=int, default=2000, help="entries that the plain way reads (default: %(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s; the median is told")
    choice = parser.parse_args()
    part = min(choice.part, choice.images)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "digitStruct.mat"
        expected = made_up(choice.images)
        written = seconds(lambda: write_digit_struct(path, expected))
        if not all((a == b).all() for a, b in zip(read_digit_struct(path), expected, strict=True)):
            print("what was read is not what was written", file=sys.stderr)
            return 1
        ours, theirs = [], []
        for _ in range(choice.rounds):  # in turns
            ours.append(seconds(lambda: read_digit_struct(path)))
            theirs.append(seconds(lambda: plain(path, part)) * choice.images / part)
        quick, slow = statistics.median(ours), statistics.median(theirs)
        print(f"{choice.images} images, {path.stat().st_size / 1e6:.0f} MB, written in {written:.1f} s")
    print(f"ours: {quick:.2f} s. object by object: {slow:.1f} s, from {part} entries. ratio {slow / quick:.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
