"""Reports all faults of a folder of MNIST's four files; reading the data set stops at the first."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from datamodules.contract import DataFault
from datamodules.digits.idx import read_idx
from datamodules.digits.mnist import OFFICIAL, pair


def folder_faults(root: Path) -> tuple[list[str], list[str]]:
    """A line on each file checked, and all faults, each with its file. A file other than the official one is no fault.
    Raises DataFault where none of the four exists.
    """
    there = [wanted for wanted in OFFICIAL if (root / wanted.name).is_file()]
    if not there:
        raise DataFault(f"{root.absolute()} holds none of {', '.join(wanted.name for wanted in OFFICIAL)}.")
    seen = [f"{wanted.name}: {'' if wanted.whole(root / wanted.name) else 'not '}the official file" for wanted in there]
    faults = [f"{root / wanted.name} is missing" for wanted in OFFICIAL if wanted not in there]
    for images, labels in (OFFICIAL[:2], OFFICIAL[2:]):
        alone = [
            *(_faults(partial(read_idx, root / images.name, axes=3)) if images in there else []),
            *(_faults(partial(read_idx, root / labels.name, axes=1)) if labels in there else []),
        ]
        whole = images in there and labels in there and not alone
        faults += alone + (_faults(partial(pair, root, images.name, labels.name)) if whole else [])
    return seen, faults


def _faults(read: Callable[[], object]) -> list[str]:
    """The message of the DataFault that reading raises, or none."""
    try:
        read()
    except DataFault as fault:
        return [str(fault)]
    return []
