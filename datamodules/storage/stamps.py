"""Stamps of files (size and times), to detect changes without reading them, and temporary read faults."""

import errno
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

Stamp = tuple[int, ...]


def stamp(path: Path) -> Stamp:
    """(size, modification time, change time) of a file, times in ns. For a file without access, (-errno,), so that the
    stamp changes once there is access.
    """
    try:
        found = path.stat()
    except OSError as fault:
        return (-(fault.errno or 0),)
    except ValueError:  # a name that no file can have
        return (-errno.ENOENT,)
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def stamps(paths: Iterable[Path]) -> str:
    """A sha256 over files' names, their folders' names and their stamps, without reading them."""
    return sha256(repr([(path.parts[-2:], stamp(path)) for path in paths]).encode()).hexdigest()


def is_passing(fault: Exception) -> bool:
    """Whether a fault is the system's (no permission, a failing disk) and says nothing about the file's content, so
    that it must not be cached. A missing file or a folder is no such case: its stamp changes when the file appears.
    """
    lasting = (FileNotFoundError, IsADirectoryError, NotADirectoryError)
    return isinstance(fault, OSError) and fault.errno is not None and not isinstance(fault, lasting)
