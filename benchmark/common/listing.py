"""What a listing tells of a folder: enough to notice that something in it is another, without reading it."""

import os
import stat
from collections.abc import Collection
from hashlib import sha256
from pathlib import Path


def listing(root: Path, without: Collection[Path]) -> str:
    """One sum over names, sizes and times of all files below a folder, links followed, or of one file.

    Left out are hidden ones, which are nobody's data, and what lies at the paths `without`.
    """
    total, seen = sha256(), set[tuple[int, int]]()
    left_out = {os.path.realpath(path) for path in without}
    todo = [os.path.realpath(root)]
    while todo:
        path = todo.pop()
        told = _told(path)
        if told is None:
            total.update(f"{path.removeprefix(str(root))} cannot be read\n".encode(errors="surrogateescape"))
        elif not stat.S_ISDIR(told.st_mode):
            name = os.path.relpath(path, os.path.realpath(root))
            line = f"{name} {told.st_size} {told.st_mtime_ns} {told.st_ctime_ns}\n"
            total.update(line.encode(errors="surrogateescape"))
        elif (told.st_dev, told.st_ino) not in seen:
            seen.add((told.st_dev, told.st_ino))
            inside = sorted(name for name in _names(path) if not name.startswith("."))
            todo += [whole for name in inside if os.path.realpath(whole := os.path.join(path, name)) not in left_out]  # noqa: PTH118 - many files
    return total.hexdigest()


def _told(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)  # noqa: PTH116 - of a hundred thousand files
    except OSError:
        return None


def _names(path: str) -> list[str]:
    try:
        return os.listdir(path)  # noqa: PTH208
    except OSError:
        return []
