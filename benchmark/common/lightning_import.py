"""Importing Lightning, and PyTorch and torchmetrics with it, in less time than a plain import takes."""

import gc
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

SLOW = "scipy.signal"
"""A second to import. Torchmetrics imports it for an old name, `hamming`, that another package may look for in it."""


def import_lightning() -> None:
    """Imports Lightning where it is not imported yet; what imports it later is then quick."""
    if "pytorch_lightning" in sys.modules:
        return
    with no_collection(), without_slow():
        from benchmark.common.torchvision_import import make_importable  # imports PyTorch

        make_importable()
        importlib.import_module("pytorch_lightning")


@contextmanager
def no_collection() -> Iterator[None]:
    """No garbage collection, whose walks over thousands of new functions and classes free nothing. These are then left
    out of later collections, too.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()


@contextmanager
def without_slow() -> Iterator[None]:
    """An empty module stands for SLOW; the next import after this one reads the module itself."""
    if SLOW in sys.modules:
        yield
        return
    placeholder = ModuleType(SLOW)
    placeholder.hamming = None  # type: ignore[attr-defined]  # so that torchmetrics adds nothing to it
    sys.modules[SLOW] = placeholder
    try:
        yield
    finally:
        del sys.modules[SLOW]
