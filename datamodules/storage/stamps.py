"""What a listing tells of files, and faults that are not theirs."""

import errno
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

Stamp = tuple[int, ...]


def stamp(path: Path) -> Stamp:
    """Size and times of a file's content and entry: what changes with it. Of one that cannot be asked for, the system's
    number of the reason, so that it is another as soon as it can.
    """
    try:
        told = path.stat()
    except OSError as fault:
        return (-(fault.errno or 0),)
    except ValueError:  # a name that no file can have
        return (-errno.ENOENT,)
    return told.st_size, told.st_mtime_ns, told.st_ctime_ns


def stamps(paths: Iterable[Path]) -> str:
    """One sum over files, each by its name, its folder's name and its stamp: to read them all would cost what a cache
    is to save.
    """
    return sha256(repr([(path.parts[-2:], stamp(path)) for path in paths]).encode()).hexdigest()


def is_passing(fault: Exception) -> bool:
    """Whether the system could not read a file (no permission, a disk that fails), which tells nothing about what is in
    it and may be over soon. A file that is not there, or is a folder, is none of these: its stamp tells when it comes.
    """
    lasting = (FileNotFoundError, IsADirectoryError, NotADirectoryError)
    return isinstance(fault, OSError) and fault.errno is not None and not isinstance(fault, lasting)
