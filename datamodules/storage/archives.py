"""Tar and zip archives: downloaded (see download), then the wanted files are extracted, all or none.

Files are extracted into a temporary folder and renamed when complete, so that an existing folder or file is whole.
"""

import gzip
import shutil
import tarfile
import zipfile
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path, PurePosixPath
from typing import BinaryIO, final

from rich.console import Console
from rich.progress import Progress

from datamodules.contract import DataFault
from datamodules.storage.download import CHUNK, delete, fetch, recorded_sum
from datamodules.storage.locks import locked
from datamodules.storage.scratch import scratch_of_one


class Archive(ABC):
    """An archive, its checksum, and the files wanted of it.

    name: of its file. wanted: paths within the archive, and on disk after extraction. algorithm: of the checksum
    ("sha256", "md5"). Where no checksum is published, the first download's is recorded beside the archive in
    NAME.ALGORITHM and later ones are compared with it, which detects later damage but not a damaged first download.
    """

    name: str
    wanted: Sequence[str]
    algorithm: str

    @property
    @abstractmethod
    def published(self) -> str:
        """The published checksum, or ""."""

    @abstractmethod
    def extract(self, path: Path, folder: Path, scratch: Path, wanted: Sequence[str], progress: Progress) -> None:
        """Extract the wanted files into the scratch folder. Raises DataFault; any other exception means a damaged
        archive.
        """

    @final
    def whole(self, path: Path) -> bool:
        """Whether the file has the published or recorded checksum; records it if there is neither."""
        record = path.with_name(f"{self.name}.{self.algorithm}")
        with path.open("rb") as file:
            found = file_digest(file, self.algorithm).hexdigest()
        if not self.published and not record.exists():
            fresh = record.with_name(f".{record.name}.part")  # half a checksum would condemn every later download
            fresh.write_text(f"{found}  {self.name}\n")
            fresh.replace(record)
        return [found] == ([self.published] if self.published else recorded_sum(record))

    @final
    @property
    def expected(self) -> str:
        """The checksum that a damaged file fails, for messages."""
        kept = f"the one that {self.name}.{self.algorithm} has kept (delete that file if it is out of date)"
        return f"{self.algorithm} is not {self.published or kept}"

    @final
    def lacking(self, folder: Path) -> list[str]:
        """The wanted files that are not in the folder yet."""
        return [wanted for wanted in self.wanted if not (folder / wanted).exists()]


def fetch_and_unpack(archives: Sequence[Archive], folder: Path, mirrors: Sequence[str]) -> None:
    """Download and extract the wanted files of all archives that the folder lacks. Raises DataFault."""
    for archive in archives:
        if archive.lacking(folder):
            fetch([archive], folder, mirrors)
            with locked(folder / f".{archive.name}.lock"):
                unpack(folder / archive.name, folder, archive)


def unpack(path: Path, folder: Path, archive: Archive) -> None:
    """Extract the wanted files that the folder lacks. Raises DataFault for an archive that is damaged, incomplete or
    holds unexpected files, and where the disk has no room.
    """
    wanted = archive.lacking(folder)
    if not wanted:  # another job extracted it while this one waited for the lock
        return
    progress = Progress(console=Console(stderr=True), transient=True)
    try:
        with scratch_of_one(folder, path.name) as scratch, progress:
            archive.extract(path, folder, scratch, wanted, progress)
            for each in wanted:
                (folder / each).parent.mkdir(parents=True, exist_ok=True)
                (scratch / each).rename(folder / each)
    except DataFault:
        raise
    except OSError as fault:
        if isinstance(fault, gzip.BadGzipFile):
            raise _damaged(path, fault) from None
        raise DataFault(f"cannot unpack {path} into {folder.absolute()}: {fault.strerror or fault}.") from None
    except Exception as fault:  # tarfile, zipfile and gzip raise errors of many types for damaged files
        raise _damaged(path, fault) from None


def _damaged(path: Path, fault: Exception) -> DataFault:
    return DataFault(f"{path} is damaged ({fault}). To fetch it again: {delete(path)}")


@final
@dataclass(frozen=True)
class Tar(Archive):
    """A .tar or .tar.gz that holds the wanted files and nothing else. wanted: its top-level folders or files. depth:
    number of components of each file's path in it.
    """

    name: str
    wanted: tuple[str, ...]
    depth: int
    sha256: str
    algorithm = "sha256"

    @property
    def published(self) -> str:
        return self.sha256

    def extract(self, path: Path, folder: Path, scratch: Path, wanted: Sequence[str], progress: Progress) -> None:
        with progress.open(path, "rb", description=f"unpacking {path.name}") as packed:
            opened = gzip.open if self.name.endswith(".gz") else nullcontext
            with opened(packed) as stream:
                self._extract_all(path, stream, scratch)
        lacking = self.lacking(scratch)
        if lacking:
            raise DataFault(f"{path} does not hold {', '.join(lacking)}. Nothing was unpacked.")

    def _extract_all(self, path: Path, stream: BinaryIO | gzip.GzipFile, scratch: Path) -> None:
        with tarfile.open(fileobj=stream, mode="r|") as members:
            for member in members:
                self._extract_one(path, members, member, scratch)
        while stream.read(CHUNK):  # a .gz has its checksum at the end
            pass

    def _extract_one(self, path: Path, members: tarfile.TarFile, member: tarfile.TarInfo, scratch: Path) -> None:
        place = PurePosixPath(member.name)
        inside = place.parts[:1] != () and place.parts[0] in self.wanted and ".." not in place.parts
        if member.isdir() and (not place.parts or (inside and len(place.parts) < self.depth)):
            (scratch / place).mkdir(parents=True, exist_ok=True)
            return
        if not (member.isreg() and inside and len(place.parts) == self.depth):
            kind = "file" if member.isreg() else "link" if member.islnk() or member.issym() else "entry"
            wanted = ", ".join(top + "/*" * (self.depth - 1) for top in self.wanted)
            raise DataFault(f"{path}: the {kind} {member.name!r} is none of {wanted}. Nothing was unpacked.")
        if (scratch / place).exists():
            raise DataFault(f"{path}: the file {member.name!r} is there twice. Nothing was unpacked. {delete(path)}")
        if member.size > shutil.disk_usage(scratch).free:
            raise DataFault(
                f"{path}: the file {member.name!r} has {member.size:,} bytes, and there is no room for them."
            )
        (scratch / place).parent.mkdir(parents=True, exist_ok=True)
        content = members.extractfile(member)
        with (scratch / place).open("wb") as sink:
            shutil.copyfileobj(content, sink)  # type: ignore[arg-type]  # a regular file has a content


@final
@dataclass(frozen=True)
class Zip(Archive):
    """A zip archive that may hold other files too. wanted: folders of files ("train2014/") and single files
    ("annotations/captions_train2014.json").

    mirror: name of the group of mirrors that serve it. under: the part of its URL between a mirror and its name.
    """

    mirror: str
    under: str
    name: str
    md5: str
    wanted: Sequence[str]
    algorithm = "md5"

    @property
    def published(self) -> str:
        return self.md5

    def addresses(self, mirrors: Mapping[str, Sequence[str]]) -> list[str]:
        """The URLs of the folders to download it from."""
        return [f"{mirror.rstrip('/')}/{self.under}" for mirror in mirrors[self.mirror]]

    def extract(self, path: Path, folder: Path, scratch: Path, wanted: Sequence[str], progress: Progress) -> None:
        with zipfile.ZipFile(path) as archive:
            infos = [info for each in wanted for info in _members(path, archive, each)]
            _refuse_too_large(path, folder, sum(info.file_size for info in infos))
            for info in progress.track(infos, description=f"unpacking {path.name}"):
                place = scratch / info.filename
                place.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(info) as content, place.open("wb") as sink:
                    shutil.copyfileobj(content, sink, CHUNK)


def _members(path: Path, archive: zipfile.ZipFile, wanted: str) -> list[zipfile.ZipInfo]:
    """The files of a wanted folder, or the one wanted file."""
    if not wanted.endswith("/"):
        found = [info for info in archive.infolist() if info.filename == wanted]
    else:
        found = [info for info in archive.infolist() if info.filename.startswith(wanted) and not info.is_dir()]
        for info in found:
            parts = PurePosixPath(info.filename).parts
            if len(parts) != 2 or ".." in parts or "\\" in info.filename:
                raise DataFault(f"{path}: the entry {info.filename!r} is none of {wanted}*. Nothing was unpacked.")
    if not found:
        raise DataFault(f"{path} has no {wanted} in it. {delete(path)}")
    twice = [name for name, times in Counter(info.filename for info in found).items() if times > 1]
    if twice:
        raise DataFault(f"{path}: the entry {twice[0]!r} is there twice. Nothing was unpacked. {delete(path)}")
    return found


def _refuse_too_large(path: Path, folder: Path, size: int) -> None:
    """Raises DataFault where the extracted files exceed the free disk space, as with a zip bomb."""
    free = shutil.disk_usage(folder).free
    if size > free:
        raise DataFault(
            f"{path} unpacks to {size:,} bytes, and {folder.absolute()} has room for {free:,}. "
            "Make room, or name another folder (data.root)."
        )
