"""The lock of a run: one process at a time executes it. The lock is released when its process ends."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from benchmark.common.errors import BusyFault

PATIENCE = 0.25
"""Seconds to wait for a lock: another process may hold it briefly in `is_free`."""


@contextmanager
def held(lock: Path, busy: Callable[[], str]) -> Iterator[None]:
    """Holds a lock. Raises BusyFault with the message `busy()` if another process holds it."""
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
    """Whether no process holds a lock; True where the lock cannot be opened, as executing the run then reports why."""
    if not lock.exists():
        return True
    try:
        with FileLock(lock, timeout=0):
            return True
    except Timeout:
        return False
    except OSError:
        return True
