"""Samples: synthetic data in the layout of real ones, written once into a folder, all at once or not at all."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from datamodules.contract import DataFault
from datamodules.ranges import Count, Natural
from datamodules.storage.scratch import scratch


class SampleSettings(NamedTuple):
    """Which sample: images to train on and to test on, and a seed."""

    train: Count
    test: Count
    seed: Natural

    def name(self, kind: str) -> str:
        """Of its folder. kind: what is drawn, so that samples of two kinds can have one root."""
        return f"{kind},train={self.train},test={self.test},seed={self.seed}"


@contextmanager
def drawn_anew(folder: Path) -> Iterator[None]:
    """Where a sample has been damaged, nothing needs to be fetched. Raises DataFault."""
    try:
        yield
    except DataFault as fault:
        raise type(fault)(
            fault.fault, f"This is a drawn sample: delete the folder {folder}, and it is drawn anew."
        ) from None


def written_once(folder: Path, sample: SampleSettings, write: Callable[[Path], None]) -> None:
    """Have the folder; `write` fills one that becomes it. Raises DataFault where nothing can be written."""
    if min(sample.train, sample.test) < 1:
        raise DataFault(f"a sample of {sample.train} training and {sample.test} test images: each needs at least one.")
    if folder.exists():
        return
    try:
        with scratch(folder.parent, folder.name) as made:
            if not folder.exists():  # nobody wrote it while we waited
                fresh = made / folder.name
                fresh.mkdir()
                write(fresh)
                fresh.rename(folder)
    except OSError as fault:
        raise DataFault(
            f"cannot write the sample {fault.filename or folder}: {fault.strerror}. "
            "Make room, or name another folder (data.root)."
        ) from None
