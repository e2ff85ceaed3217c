"""SHA-256 checksums in a record: of its own content, and of the files that its numbers come from.

They are added when the record is written. Records of older versions have none: they are read, but damage to them cannot
be detected.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmark.common.listing import sha256_of
from benchmark.results.run_id import digest

KEY = "sha256"
"""The entry of a record that holds the checksums, by file."""
ITSELF = "record"
"""The name of the checksum of the record itself, without this entry."""


def sealed(record: Mapping[str, Any], folder: Path, files: Sequence[Path]) -> dict[str, Any]:
    """A record with the checksums of itself and of those files in its folder that exist."""
    sums = {path.relative_to(folder).as_posix(): sha256_of(path) for path in files if path.is_file()}
    return {**record, KEY: {ITSELF: digest(record), **sums}}


def is_sealed(record: Mapping[str, Any]) -> bool:
    """Whether a record has checksums."""
    return isinstance(record.get(KEY), Mapping)


def is_intact(record: Mapping[str, Any]) -> bool:
    """Whether a record's content matches its checksum; True for a record without checksums."""
    bare = {key: value for key, value in record.items() if key != KEY}
    return not is_sealed(record) or record[KEY].get(ITSELF) == digest(bare)


def is_the_file(record: Mapping[str, Any], folder: Path, path: Path) -> bool:
    """Whether a file matches its checksum in a record; True where there is none. Raises OSError."""
    expected = record[KEY].get(path.relative_to(folder).as_posix()) if is_sealed(record) else None
    return expected is None or expected == sha256_of(path)
