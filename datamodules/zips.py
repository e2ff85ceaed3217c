"""Zip archives of images and annotations: fetched (see download), then what is wanted of them unpacked, or nothing.

A folder or a file appears under its name when all of it is there, so that one that is there is whole.
"""

import shutil
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import file_digest
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from rich.console import Console
from rich.progress import Progress

from datamodules.contract import DataFault
from datamodules.download import CHUNK, delete, fetch, kept_sum
from datamodules.locks import locked
from datamodules.scratch import scratch_of_one


class Zip(NamedTuple):
    """A zip archive and what is wanted of it.

    mirror: which of the mirrors have it. under: the part of its address between a mirror and its name. md5: "" where
    nobody has published it: then the first download leaves its own sum beside the archive, and a later one has to be
    the same; that tells damage done since, and nothing about the first. wanted: folders ("train2014/") and files
    ("annotations/captions_train2014.json"), by their places in the archive, which they also get on disk.
    """

    mirror: str
    under: str
    name: str
    md5: str
    wanted: Sequence[str]

    def whole(self, path: Path) -> bool:
        record = path.with_name(f"{self.name}.md5")
        with path.open("rb") as file:
            found = file_digest(file, "md5").hexdigest()
        if not self.md5 and not record.exists():
            record.write_text(f"{found}  {self.name}\n")
        return [found] == ([self.md5] if self.md5 else kept_sum(record))

    @property
    def expected(self) -> str:
        kept = f"the one that {self.name}.md5 has kept (delete that file if it is out of date)"
        return f"md5 is not {self.md5 or kept}"


def fetch_and_unpack(archives: Sequence[Zip], folder: Path, mirrors: Mapping[str, Sequence[str]]) -> None:
    """Have all that is wanted in the folder; what is there is left alone. Raises DataFault."""
    for archive in archives:
        if _lacking(archive, folder):
            addresses = [f"{mirror.rstrip('/')}/{archive.under}" for mirror in mirrors[archive.mirror]]
            fetch([archive], folder, addresses)
            with locked(folder / f".{archive.name}.lock"):
                unpack(folder / archive.name, folder, _lacking(archive, folder))


def _lacking(archive: Zip, folder: Path) -> list[str]:
    return [wanted for wanted in archive.wanted if not (folder / wanted).exists()]


def unpack(path: Path, folder: Path, wanted: Sequence[str]) -> None:
    """Unpack folders of files and single files. Raises DataFault: damaged, something strange in it, no room."""
    shown = Progress(console=Console(stderr=True), transient=True)
    try:
        with zipfile.ZipFile(path) as archive, scratch_of_one(folder, path.name) as scratch:
            members = {each: _members(path, archive, each) for each in wanted}
            _refuse_too_large(path, folder, sum(info.file_size for each in members.values() for info in each))
            with shown:
                for infos in members.values():
                    for info in shown.track(infos, description=f"unpacking {path.name}"):
                        place = scratch / info.filename
                        place.parent.mkdir(parents=True, exist_ok=True)
                        with archive.open(info) as content, place.open("wb") as sink:
                            shutil.copyfileobj(content, sink, CHUNK)
            for each in wanted:
                (folder / each).parent.mkdir(parents=True, exist_ok=True)
                (scratch / each).rename(folder / each)
    except DataFault:
        raise
    except OSError as fault:
        raise DataFault(f"cannot unpack {path} into {folder.absolute()}: {fault.strerror or fault}.") from None
    except Exception as fault:  # zipfile and what unpacks for it raise whatever a damaged file makes them stumble over
        raise DataFault(f"{path} is damaged ({fault}). To fetch it again: {delete(path)}") from None


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
    """A small file may unpack to more than a disk can hold."""
    free = shutil.disk_usage(folder).free
    if size > free:
        raise DataFault(
            f"{path} unpacks to {size:,} bytes, and {folder.absolute()} has room for {free:,}. "
            "Make room, or name another folder (data.root)."
        )
