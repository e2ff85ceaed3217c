"""A small substitute for MNIST in its official file format, for tests and trials without the real files."""

from pathlib import Path

import torch

from datamodules.digits.idx import write_idx
from datamodules.digits.sources import bundled, split_at_random

BORDER = 2
ENLARGED = 3


def write_mnist_sample(folder: Path, train: int, test: int) -> None:
    """Write four files with MNIST's names: scikit-learn's 8 x 8 digits, enlarged three times, with a black border.

    It is not MNIST, and results on it are no results on MNIST. train + test is at most 1,796.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tested, trained, _ = split_at_random(bundled(), 0, test, train)
    for name, part in (("train", trained), ("t10k", tested)):
        large_NHW = part.image.repeat_interleave(ENLARGED, 1).repeat_interleave(ENLARGED, 2)
        write_idx(folder / f"{name}-images-idx3-ubyte.gz", torch.nn.functional.pad(large_NHW, [BORDER] * 4))
        write_idx(folder / f"{name}-labels-idx1-ubyte.gz", part.label.to(torch.uint8))
