"""File locks: jobs of a sweep that need the same files wait for the first one to write them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file, whose folder is created if missing. It is released when the process ends, however it ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path):
        yield


def is_free(path: Path) -> bool:
    """Whether a lock file exists, is writable and is not held."""
    if not path.exists():
        return False
    try:
        with FileLock(path, timeout=0):
            return True
    except (Timeout, OSError):
        return False
