"""One at a time: jobs of a sweep that want the same files wait for the first of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file, whose folder is made if need be. It is let go when the process ends, whatever ends it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path):
        yield


def is_free(path: Path) -> bool:
    """Whether there is such a lock file, which may be written, and nobody holds it."""
    if not path.exists():
        return False
    try:
        with FileLock(path, timeout=0):
            return True
    except (Timeout, OSError):
        return False
