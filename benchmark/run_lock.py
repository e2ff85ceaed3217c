"""One process at a time is at work on a run. A lock ends with its process, however that ends."""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmark.faults import BusyFault

MOMENTS = (0.05, 0.2)
"""Seconds after which a lock is tried again: somebody may just be asking whether it is free."""


@contextmanager
def held(lock: Path, told: Callable[[], str]) -> Iterator[None]:
    """Holds a lock. Raises BusyFault with what is told where another process holds it."""
    with lock.open("a") as file:
        for moment in (*MOMENTS, None):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if moment is None:
                    raise BusyFault(told()) from None
                time.sleep(moment)
        yield


def is_free(lock: Path) -> bool:
    """Whether no process holds a lock."""
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # what else there is to be said of the folder, a job will say
    return True
