"""The checksums in a record: of its own content, and of the files that its numbers rest on.

A record is sealed when it is written. One that an older version wrote has no seal, and is read all the same; what is
damaged in it cannot be seen.
"""

from collections.abc import Mapping, Sequence
from hashlib import file_digest
from pathlib import Path
from typing import Any

from benchmark.results.run_id import digest

KEY = "sha256"
"""Of a record."""
ITSELF = "record"
"""Under which name the seal holds the sum of the record without it."""


def sealed(record: Mapping[str, Any], folder: Path, files: Sequence[Path]) -> dict[str, Any]:
    """A record with the checksums of itself and of the files in its folder that are there."""
    sums = {path.relative_to(folder).as_posix(): sha256_of(path) for path in files if path.is_file()}
    return {**record, KEY: {ITSELF: digest(record), **sums}}


def is_sealed(record: Mapping[str, Any]) -> bool:
    return isinstance(record.get(KEY), Mapping)


def is_intact(record: Mapping[str, Any]) -> bool:
    """Whether a record is as it was written; one without a seal is taken for it."""
    bare = {key: value for key, value in record.items() if key != KEY}
    return not is_sealed(record) or record[KEY].get(ITSELF) == digest(bare)


def is_the_file(record: Mapping[str, Any], folder: Path, path: Path) -> bool:
    """Whether a file is the one that a record tells of; one that it says nothing of is taken for it. Raises OSError."""
    told = record[KEY].get(path.relative_to(folder).as_posix()) if is_sealed(record) else None
    return told is None or told == sha256_of(path)


def sha256_of(path: Path) -> str:
    """Raises OSError."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
