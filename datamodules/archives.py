"""Archives of photographs: fetched (see download), then unpacked beside each other, or not at all.

A folder appears under its name when all of it is there, so that one that is there is whole.
"""

import gzip
import shutil
import tarfile
import zlib
from collections.abc import Sequence
from contextlib import nullcontext
from hashlib import file_digest
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple

from rich.console import Console
from rich.progress import Progress

from datamodules.contract import DataFault
from datamodules.download import CHUNK, delete, fetch, kept_sum
from datamodules.locks import locked
from datamodules.scratch import scratch_of_one


class Archive(NamedTuple):
    """A .tar or .tar.gz of files.

    name: of the archive. holds: what is on its top, folders or files. depth: parts of each file's path in it.
    sha256: "" where nobody has published it: then the first download leaves its own beside the archive, in
    NAME.sha256, and a later one has to be the same. That tells damage done since, and nothing about the first.
    """

    name: str
    holds: tuple[str, ...]
    depth: int
    sha256: str

    def whole(self, path: Path) -> bool:
        record = path.with_name(f"{self.name}.sha256")
        with path.open("rb") as file:
            found = file_digest(file, "sha256").hexdigest()
        if not self.sha256 and not record.exists():
            record.write_text(f"{found}  {self.name}\n")
        return [found] == ([self.sha256] if self.sha256 else kept_sum(record))

    @property
    def expected(self) -> str:
        kept = f"the one that {self.name}.sha256 has kept (delete that file if it is out of date)"
        return f"sha256 is not {self.sha256 or kept}"

    def unpacked(self, folder: Path) -> bool:
        """Whether all of it is there."""
        return all((folder / top).exists() for top in self.holds)


def fetch_and_unpack(archives: Sequence[Archive], folder: Path, mirrors: Sequence[str]) -> None:
    """Have what all archives hold in the folder; what is there is left alone. Raises DataFault."""
    for archive in archives:
        if not archive.unpacked(folder):
            fetch([archive], folder, mirrors)
            with locked(folder / f".{archive.name}.lock"):
                if not archive.unpacked(folder):  # nobody unpacked it while we waited
                    unpack(folder / archive.name, folder, archive)


def unpack(path: Path, folder: Path, archive: Archive) -> None:
    """Unpack what an archive holds, files only. Raises DataFault: damaged, more in it or less, no room."""
    shown = Progress(console=Console(stderr=True), transient=True)
    try:
        with scratch_of_one(folder, archive.name) as scratch, shown:
            with shown.open(path, "rb", description=f"unpacking {path.name}") as packed:
                opened = gzip.open if archive.name.endswith(".gz") else nullcontext
                with opened(packed) as stream:
                    _unpack_all(path, stream, scratch, archive)
            lacking = [top for top in archive.holds if not (scratch / top).exists()]
            if lacking:
                raise DataFault(f"{path} does not hold {', '.join(lacking)}. Nothing was unpacked.")
            for top in archive.holds:
                (scratch / top).rename(folder / top)
    except DataFault:
        raise
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, ValueError) as fault:
        raise DataFault(f"{path} is damaged ({fault}). To fetch it again: {delete(path)}") from None
    except OSError as fault:
        raise DataFault(f"cannot unpack {path} into {folder.absolute()}: {fault.strerror or fault}.") from None


def _unpack_all(path: Path, stream: BinaryIO | gzip.GzipFile, scratch: Path, archive: Archive) -> None:
    with tarfile.open(fileobj=stream, mode="r|") as members:
        for member in members:
            _unpack_one(path, members, member, scratch, archive)
    while stream.read(CHUNK):  # the sum of a .gz comes last
        pass


def _unpack_one(path: Path, members: tarfile.TarFile, member: tarfile.TarInfo, scratch: Path, archive: Archive) -> None:
    place = PurePosixPath(member.name)
    inside = place.parts[:1] != () and place.parts[0] in archive.holds and ".." not in place.parts
    if member.isdir() and (not place.parts or (inside and len(place.parts) < archive.depth)):
        (scratch / place).mkdir(parents=True, exist_ok=True)
        return
    if not (member.isreg() and inside and len(place.parts) == archive.depth):
        kind = "file" if member.isreg() else "link" if member.islnk() or member.issym() else "entry"
        wanted = ", ".join(top + "/*" * (archive.depth - 1) for top in archive.holds)
        raise DataFault(f"{path}: the {kind} {member.name!r} is none of {wanted}. Nothing was unpacked.")
    if (scratch / place).exists():
        raise DataFault(f"{path}: the file {member.name!r} is there twice. Nothing was unpacked. {delete(path)}")
    if member.size > shutil.disk_usage(scratch).free:
        raise DataFault(f"{path}: the file {member.name!r} has {member.size:,} bytes, and there is no room for them.")
    (scratch / place).parent.mkdir(parents=True, exist_ok=True)
    content = members.extractfile(member)
    with (scratch / place).open("wb") as sink:
        shutil.copyfileobj(content, sink)  # type: ignore[arg-type]  # a regular file has a content
