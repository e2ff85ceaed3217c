"""The lock of a run: one process at a time executes it. The lock is released when its process ends."""

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from benchmark.common.errors import BusyFault

PATIENCE = 0.25
"""Seconds to wait for a lock: another process may hold it briefly in `is_free` and `holding`."""

HELD_ERRORS = (errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK)
"""Errors of flock for a lock that another process holds."""

Holding = Literal["held", "free", "unknown"]


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


def holding(lock: Path) -> Holding:
    """Whether a process holds a lock, without writing anything: a folder that can only be read has an answer too.
    "unknown" where the lock cannot be opened, or its file system has no locks.
    """
    try:
        handle = os.open(lock, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except FileNotFoundError:
        return "free"
    except OSError:
        return "unknown"
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared, so that readers do not exclude each other
        return "free"
    except OSError as error:
        return "held" if error.errno in HELD_ERRORS else "unknown"
    finally:
        os.close(handle)
