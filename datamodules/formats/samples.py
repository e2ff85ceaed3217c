"""Samples: synthetic data in the layout of real ones, written once into a folder, all at once or not at all."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from datamodules.contract import DataFault
from datamodules.locks import locked
from datamodules.ranges import Count, Natural


class Sample(NamedTuple):
    """Which sample: images to train on and to test on, and a seed."""

    train: Count
    test: Count
    seed: Natural

    @property
    def name(self) -> str:
        """Of its folder."""
        return f"train={self.train},test={self.test},seed={self.seed}"


def written_once(folder: Path, sample: Sample, write: Callable[[Path], None]) -> None:
    """Have the folder; `write` fills one that becomes it. Raises DataFault where nothing can be written."""
    if min(sample.train, sample.test) < 1:
        raise DataFault(f"a sample of {sample.train} training and {sample.test} test images: each needs at least one.")
    if folder.exists():
        return
    try:
        with locked(folder.parent / f".{folder.name}.lock"):
            if not folder.exists():  # nobody wrote it while we waited
                with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".writing.") as scratch:
                    fresh = Path(scratch) / folder.name
                    fresh.mkdir()
                    write(fresh)
                    shutil.move(fresh, folder)
    except OSError as fault:
        raise DataFault(
            f"cannot write the sample {fault.filename or folder}: {fault.strerror}. "
            "Make room, or name another folder (data.root)."
        ) from None
