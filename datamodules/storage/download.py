"""Fetching files: from the first mirror that serves them whole, resumed where a transfer broke off, verified, and
renamed into place last.
"""

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
"""Tries at one mirror. Each goes on where the one before broke off."""
TIMEOUT = 30.0
"""Seconds without a byte after which a mirror counts as dead."""
CHUNK = 1 << 16


class Fetchable(Protocol):
    """A file by its name at every mirror and on disk, and how to tell that it is whole."""

    @property
    def name(self) -> str: ...

    @property
    def expected(self) -> str:
        """What a file that is not whole fails: "md5 is not ..."."""

    def whole(self, path: Path) -> bool:
        """Whether the content at the path is that of the file."""


class Wanted(NamedTuple):
    """A file whose md5 sum is known (against damage, not against malice)."""

    name: str
    md5: str

    @property
    def expected(self) -> str:
        return f"md5 is not {self.md5}"

    def whole(self, path: Path) -> bool:
        return md5(path.read_bytes(), usedforsecurity=False).hexdigest() == self.md5


def recorded_sum(record: Path) -> list[str]:
    """The sum that the first download has left, or nothing that any file has."""
    return record.read_text("utf-8", "replace").split()[:1]


def delete(path: Path) -> str:
    """What to delete so that a damaged archive is fetched anew: with it the sum that a damaged download has left."""
    records = [record for kind in ("sha256", "md5") if (record := path.with_name(f"{path.name}.{kind}")).exists()]
    return f"Delete {' and '.join(map(str, [path, *records]))}, and fetch it again."


class _BrokenError(Exception):
    """A try failed, for the reason given; the next one may not."""


def fetch(files: Sequence[Fetchable], folder: Path, mirrors: Sequence[str]) -> None:
    """Have all files in the folder, whole; those that are already are left alone.

    Raises DataFault with what every mirror said, or why nothing can be written.
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
                # The lock makes jobs of one sweep wait for the first of them instead of writing into its file.
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
    said = []
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
                said.append(f"{url} {fault}")
    heard = "\n  ".join(dict.fromkeys(said)) or "no mirror is named (data.mirrors)"
    raise DataFault(
        f"could not fetch {wanted.name}:\n  {heard}\nTry again (it goes on where it stopped), name another mirror "
        f"(data.mirrors), or copy the file into {folder.absolute()}."
    )


def _transfer(url: str, part: Path, progress: Progress) -> None:
    """Append to `part` what it lacks of the file at the address. Raises _BrokenError."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            resumed = answer.status == http.client.PARTIAL_CONTENT
            start = have if resumed else 0  # a server that does not resume sends all of it again
            length = int(answer.headers.get("Content-Length", 0))
            with part.open("ab" if resumed else "wb") as sink:
                _copy(answer, sink, progress, progress.add_task(part.stem, total=start + length, completed=start))
        if part.stat().st_size < start + length:
            raise _BrokenError(f"broke off after {part.stat().st_size} of {start + length} bytes")
    except urllib.error.HTTPError as fault:
        fault.close()
        if fault.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.write_bytes(b"")  # more than the whole file is there: begin again
        raise _BrokenError(f"answered {fault.code} {fault.reason}") from None
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as fault:
        raise _BrokenError(f"broke off: {getattr(fault, 'reason', fault)}") from None


def _copy(source: http.client.HTTPResponse, sink: IO[bytes], progress: Progress, task: int) -> None:
    while chunk := source.read(CHUNK):
        sink.write(chunk)
        progress.advance(task, len(chunk))  # type: ignore[arg-type]
