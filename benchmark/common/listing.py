"""Checksums: of a file, and of a folder's listing, which detects changed files without reading them."""

import os
import stat
from collections.abc import Collection
from hashlib import file_digest, sha256
from pathlib import Path


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, as hexadecimal digits. Raises OSError."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def listing(root: Path, without: Collection[Path]) -> str:
    """SHA-256 over names, sizes and times of all files below a folder (links are followed), or of one file.

    Hidden files and everything at the paths `without` are left out.
    """
    total, seen = sha256(), set[tuple[int, int]]()
    left_out = {os.path.realpath(path) for path in without}
    todo = [os.path.realpath(root)]
    while todo:
        path = todo.pop()
        status = _stat(path)
        if status is None:
            total.update(f"{path.removeprefix(str(root))} cannot be read\n".encode(errors="surrogateescape"))
        elif not stat.S_ISDIR(status.st_mode):
            name = os.path.relpath(path, os.path.realpath(root))
            line = f"{name} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}\n"
            total.update(line.encode(errors="surrogateescape"))
        elif (status.st_dev, status.st_ino) not in seen:
            seen.add((status.st_dev, status.st_ino))
            inside = sorted(name for name in _names(path) if not name.startswith("."))
            todo += [whole for name in inside if os.path.realpath(whole := os.path.join(path, name)) not in left_out]  # noqa: PTH118 - many files
    return total.hexdigest()


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)  # noqa: PTH116 - of a hundred thousand files
    except OSError:
        return None


def _names(path: str) -> list[str]:
    try:
        return os.listdir(path)  # noqa: PTH208
    except OSError:
        return []
