"""Archives of photographs: fetched (see download), then unpacked beside each other, or not at all.

A folder appears under its name when all of it is there, so that one that is there is whole.
"""

import gzip
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Sequence
from hashlib import file_digest
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from rich.console import Console
from rich.progress import Progress

from datamodules.contract import DataFault
from datamodules.download import CHUNK, fetch
from datamodules.locks import locked


class Archive(NamedTuple):
    """PART.tar.gz, which holds one folder PART of files.

    sha256: of the archive, "" where nobody has published it: then the first download leaves its own beside the
    archive, in PART.tar.gz.sha256, and a later one has to be the same. That tells damage done since, and nothing about
    the first.
    """

    part: str
    sha256: str

    @property
    def name(self) -> str:
        return f"{self.part}.tar.gz"

    def whole(self, path: Path) -> bool:
        record = path.with_name(f"{self.name}.sha256")
        with path.open("rb") as file:
            found = file_digest(file, "sha256").hexdigest()
        if not self.sha256 and not record.exists():
            record.write_text(f"{found}  {self.name}\n")
        return [found] == ([self.sha256] if self.sha256 else record.read_text().split()[:1])

    @property
    def expected(self) -> str:
        return f"sha256 is not {self.sha256 or f'the one that {self.name}.sha256 has kept'}"


def fetch_and_unpack(archives: Sequence[Archive], folder: Path, mirrors: Sequence[str]) -> None:
    """Have all parts in the folder; those that are there are left alone. Raises DataFault."""
    for archive in archives:
        if not (folder / archive.part).exists():
            fetch([archive], folder, mirrors)
            with locked(folder / f".{archive.part}.lock"):
                if not (folder / archive.part).exists():  # nobody unpacked it while we waited
                    unpack(folder / archive.name, folder, archive.part)


def unpack(path: Path, folder: Path, part: str) -> None:
    """Unpack the one folder `part` of a .tar.gz, files only. Raises DataFault: damaged, more in it, no room."""
    shown = Progress(console=Console(stderr=True), transient=True)
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=f".{part}.") as scratch, shown:
            whole = Path(scratch) / part
            whole.mkdir()
            with shown.open(path, "rb", description=f"unpacking {path.name}") as packed, gzip.open(packed) as stream:
                with tarfile.open(fileobj=stream, mode="r|") as archive:
                    for member in archive:
                        _unpack_one(path, archive, member, Path(scratch), part)
                while stream.read(CHUNK):  # the sum of it all comes last
                    pass
            whole.rename(folder / part)
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as fault:
        raise DataFault(f"{path} is damaged ({fault}). Delete it and fetch it again.") from None
    except OSError as fault:
        raise DataFault(f"cannot unpack {path} into {folder.absolute()}: {fault.strerror or fault}.") from None


def _unpack_one(path: Path, archive: tarfile.TarFile, member: tarfile.TarInfo, scratch: Path, part: str) -> None:
    place = PurePosixPath(member.name)
    if member.isdir() and place.parts == (part,):
        return
    if not member.isreg() or len(place.parts) != 2 or place.parts[0] != part or place.name == "..":
        kind = "file" if member.isreg() else "link" if member.islnk() or member.issym() else "entry"
        raise DataFault(f"{path}: the {kind} {member.name!r} is none of {part}/*. Nothing was unpacked.")
    content = archive.extractfile(member)
    with (scratch / place).open("wb") as sink:
        shutil.copyfileobj(content, sink)  # type: ignore[arg-type]  # a regular file has a content
