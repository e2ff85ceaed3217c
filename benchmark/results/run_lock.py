"""One process at a time is at work on a run. A lock ends with its process, however that ends."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from benchmark.common.errors import BusyFault

PATIENCE = 0.25
"""Seconds for which a lock is tried: somebody may just be asking whether it is free."""


@contextmanager
def held(lock: Path, busy: Callable[[], str]) -> Iterator[None]:
    """Holds a lock. busy: what the BusyFault says that is raised where another process holds it."""
    holding = FileLock(lock, timeout=PATIENCE)
    try:
        holding.acquire()
    except Timeout:
        raise BusyFault(busy()) from None
    try:
        yield
    finally:
        holding.release()


def is_free(lock: Path) -> bool:
    """Whether no process holds a lock; true where that cannot be asked, since whoever works there will say why."""
    if not lock.exists():
        return True
    try:
        with FileLock(lock, timeout=0):
            return True
    except Timeout:
        return False
    except OSError:
        return True
