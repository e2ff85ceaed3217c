"""Downloads from the first working mirror: resumed, verified by checksum, renamed when complete."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Sequence
from hashlib import md5
from pathlib import Path
from typing import IO, NamedTuple, Protocol

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from datamodules.contract import DataFault
from datamodules.storage.locks import locked

ATTEMPTS = 3
"""Attempts per mirror. Each resumes where the previous one stopped."""
TIMEOUT = 30.0
"""Seconds without data after which a transfer fails."""
CHUNK = 1 << 16


class Fetchable(Protocol):
    """A file to download: its name, at every mirror and on disk, and its checksum."""

    @property
    def name(self) -> str: ...

    @property
    def expected(self) -> str:
        """What a damaged file fails, for messages: "md5 is not ..."."""

    def whole(self, path: Path) -> bool:
        """Whether the file at the path has the expected checksum."""


class Wanted(NamedTuple):
    """A file with a known md5 sum (which detects damage, not manipulation)."""

    name: str
    md5: str

    @property
    def expected(self) -> str:
        return f"md5 is not {self.md5}"

    def whole(self, path: Path) -> bool:
        return md5(path.read_bytes(), usedforsecurity=False).hexdigest() == self.md5


def recorded_sum(record: Path) -> list[str]:
    """The checksum recorded after the first download; a damaged record matches no file."""
    return record.read_text("utf-8", "replace").split()[:1]


def delete(path: Path) -> str:
    """A sentence on what to delete to download a damaged archive again: the file and the recorded checksum."""
    records = [record for kind in ("sha256", "md5") if (record := path.with_name(f"{path.name}.{kind}")).exists()]
    return f"Delete {' and '.join(map(str, [path, *records]))}, and fetch it again."


class _BrokenError(Exception):
    """An attempt failed, for the reason given; another one may succeed."""


def fetch(files: Sequence[Fetchable], folder: Path, mirrors: Sequence[str]) -> None:
    """Download all files that the folder lacks or that are damaged.

    Raises DataFault with the failure of every mirror, or where nothing can be written.
    """
    shown = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with Progress(*shown, console=Console(stderr=True)) as progress:
            for wanted in files:
                # Other jobs of a sweep wait for this one's download.
                with locked(folder / f".{wanted.name}.lock"):
                    _fetch_one(wanted, folder, mirrors, progress)
    except OSError as fault:
        raise DataFault(
            f"cannot write {fault.filename or folder}: {fault.strerror}. Make room, or name another folder (data.root)."
        ) from None


def _fetch_one(wanted: Fetchable, folder: Path, mirrors: Sequence[str], progress: Progress) -> None:
    target, part = folder / wanted.name, folder / f"{wanted.name}.part"
    if target.is_file() and wanted.whole(target):
        part.unlink(missing_ok=True)
        return
    failures = []
    for mirror in mirrors:
        url = f"{mirror.rstrip('/')}/{wanted.name}"
        for _ in range(ATTEMPTS):
            try:
                _transfer(url, part, progress)
                if wanted.whole(part):
                    part.replace(target)
                    return
                part.unlink()
                raise _BrokenError(f"served a file whose {wanted.expected}")
            except _BrokenError as fault:
                failures.append(f"{url} {fault}")
    reasons = "\n  ".join(dict.fromkeys(failures)) or "no mirror is named (data.mirrors)"
    raise DataFault(
        f"could not fetch {wanted.name}:\n  {reasons}\nTry again (it goes on where it stopped), name another mirror "
        f"(data.mirrors), or copy the file into {folder.absolute()}."
    )


def _transfer(url: str, part: Path, progress: Progress) -> None:
    """Append the missing bytes of the file at a URL to `part`. Raises _BrokenError."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            resumed = answer.status == http.client.PARTIAL_CONTENT
            start = have if resumed else 0  # a server without range requests sends the whole file
            length = int(answer.headers.get("Content-Length", 0))
            with part.open("ab" if resumed else "wb") as sink:
                _copy(answer, sink, progress, progress.add_task(part.stem, total=start + length, completed=start))
        if part.stat().st_size < start + length:
            raise _BrokenError(f"broke off after {part.stat().st_size} of {start + length} bytes")
    except urllib.error.HTTPError as fault:
        fault.close()
        if fault.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            if fault.headers.get("Content-Range") == f"bytes */{have}":
                return  # an earlier command was stopped between the last byte and the checksum
            part.write_bytes(b"")  # longer than the file: start again
        raise _BrokenError(f"answered {fault.code} {fault.reason}") from None
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as fault:
        raise _BrokenError(f"broke off: {getattr(fault, 'reason', fault)}") from None


def _copy(source: http.client.HTTPResponse, sink: IO[bytes], progress: Progress, task: int) -> None:
    while chunk := source.read(CHUNK):
        sink.write(chunk)
        progress.advance(task, len(chunk))  # type: ignore[arg-type]
