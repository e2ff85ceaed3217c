"""Samples: synthetic data in the file format of real data sets, written once into a folder, atomically."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from datamodules.contract import DataFault
from datamodules.ranges import Count, Natural
from datamodules.storage.scratch import scratch


class SampleSettings(NamedTuple):
    """The numbers of training and test images of a sample, and its seed."""

    train: Count
    test: Count
    seed: Natural

    def name(self, kind: str) -> str:
        """The name of its folder. kind: of the data set, so that samples of several can share a root."""
        return f"{kind},train={self.train},test={self.test},seed={self.seed}"


@contextmanager
def drawn_anew(folder: Path) -> Iterator[None]:
    """Re-raises a DataFault of a damaged sample with its remedy: delete the folder, and it is drawn again."""
    try:
        yield
    except DataFault as fault:
        raise type(fault)(
            fault.fault, f"This is a drawn sample: delete the folder {folder}, and it is drawn anew."
        ) from None


def written_once(folder: Path, sample: SampleSettings, write: Callable[[Path], None]) -> None:
    """Create the folder if it is missing: `write` fills a temporary one, which is then renamed. Raises DataFault where
    nothing can be written.
    """
    if folder.exists():
        return
    try:
        with scratch(folder.parent, folder.name) as made:
            if not folder.exists():  # no other job wrote it while this one waited for the lock
                fresh = made / folder.name
                fresh.mkdir()
                write(fresh)
                fresh.rename(folder)
    except OSError as fault:
        raise DataFault(
            f"cannot write the sample {fault.filename or folder}: {fault.strerror}. "
            "Make room, or name another folder (data.root)."
        ) from None
