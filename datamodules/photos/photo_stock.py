"""Random access to decoded photographs: decoded from their files each time, or once into a cache.

All files are decoded once in advance, so that an unreadable photograph among thousands is reported before training
starts. Axes: N photographs, K boxes of each, H rows, W columns, C channels, P bytes of all pixels.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, NamedTuple, final

import numpy as np

from datamodules.contract import DataFault, printable
from datamodules.photos.photographs import LEAST_SIDE, Decoded, Photograph, decoded, read
from datamodules.storage.cache import Arrays, Cache
from datamodules.storage.stamps import stamp
from datamodules.storage.threads import in_threads

log = logging.getLogger(__name__)


class PhotoSource(ABC):
    """Photographs resized to one length of the short side."""

    @abstractmethod
    def get(self, number: int) -> Decoded:
        """One photograph; thread-safe. Raises DataFault with its file."""


@final
class PhotoFiles(PhotoSource):
    """Decodes on every access: takes no disk space, and some milliseconds per photograph."""

    def __init__(self, photos: Sequence[Photograph], short: int) -> None:
        self._photos, self._short = photos, short

    def get(self, number: int) -> Decoded:
        return read(self._photos[number], self._short)


@final
class DecodedPhotos(PhotoSource):
    """Decoded once: short side x long side x 3 bytes per photograph on disk, memory-mapped."""

    def __init__(self, arrays: Arrays) -> None:
        self._pixels_P, self._size_N2, self._boxes_NK4 = (arrays[name] for name in ("pixels", "size", "boxes"))
        self._end_N = self._size_N2.prod(1).cumsum() * 3

    def get(self, number: int) -> Decoded:
        high, wide = self._size_N2[number].tolist()
        end = int(self._end_N[number])
        pixels_HWC = self._pixels_P[end - 3 * high * wide : end].reshape(high, wide, 3)
        return Decoded(pixels_HWC, self._boxes_NK4[number], "")


class PhotoReading(NamedTuple):
    """How photographs are read. short: length of the short side in pixels. workers: decoding threads. keep: whether to
    cache decoded photographs, not only their faults. skip: whether to leave out unreadable photographs instead of
    raising DataFault.
    """

    short: int
    workers: int
    keep: bool
    skip: bool


def inspected(photos: Sequence[Photograph], name: str, reading: PhotoReading, cache: Cache) -> list[str]:
    """For each photograph the fault that makes it unreadable, with its file, or "". name: of the cache entry."""
    entry = cache.arrays(f"{name}-faults", _source(photos), lambda made: _inspect(photos, name, reading, made))
    return [
        f"{photo.path} {fault}" if fault else "" for photo, fault in zip(photos, entry["fault"].tolist(), strict=True)
    ]


def without_faults(lines: Sequence[str], skip: bool, name: str, check: str) -> list[int]:
    """The indices of empty lines; the other lines are faults. With `skip` each fault is logged.

    check: the command that lists all faults. Raises DataFault with the first fault if not `skip`, or if no line is
    empty.
    """
    places = [place for place, line in enumerate(lines) if not line]
    faults = [line for line in lines if line]
    if faults and not (skip and places):
        none = "None of them can be read: fetch them again."
        mend = "Mend it, or put a sound copy in its place."
        leave = f"{mend} Or leave out photographs with faults: data.skip_unreadable=true."
        raise DataFault.of(faults, check, leave if places else none)
    for fault in faults:
        log.warning("%s: left out: %s", name, printable(fault))
    return places


def sound(photos: Sequence[Photograph], name: str, reading: PhotoReading, cache: Cache, check: str) -> list[int]:
    """The indices of the readable photographs; see `without_faults`."""
    return without_faults(inspected(photos, name, reading, cache), reading.skip, name, check)


def stock(photos: Sequence[Photograph], name: str, reading: PhotoReading, cache: Cache) -> PhotoSource:
    """A source of photographs that are known to be readable and have equally many boxes."""
    if not reading.keep:
        return PhotoFiles(photos, reading.short)
    source = {**_source(photos), "short": reading.short}
    return DecodedPhotos(
        cache.arrays(f"{name}-{reading.short}px", source, lambda made: _decode(photos, name, reading, made))
    )


def outline(photos: Sequence[Photograph], targets: Iterable[object]) -> str:
    """The sha256 of the photographs' file names, sizes and windows, and of their targets. It does not read the files,
    of which training splits have too many.
    """
    total = sha256(repr(list(targets)).encode(errors="surrogatepass"))
    for photo in photos:
        total.update(repr((photo.path.name, stamp(photo.path)[:1], photo.window.tolist())).encode())
    return total.hexdigest()


def digest(photos: Sequence[Photograph], reading: PhotoReading) -> str:
    """The sha256 of the files' content, their windows, and the length of the short side."""
    total = sha256(str(reading.short).encode())
    for photo in photos:
        total.update(_content(photo))
        total.update(photo.window.astype("<f8").tobytes())
    return total.hexdigest()


def _content(photo: Photograph) -> bytes:
    try:
        return photo.path.read_bytes()
    except OSError as fault:
        raise DataFault(
            f"{photo.path} cannot be read ({fault.strerror or fault}). Mend that and start again."
        ) from None


def faults(photos: Sequence[Photograph], workers: int, title: str) -> list[str]:
    """The fault of each photograph, or "". Decodes all of them, at the smallest size."""
    return [fault for fault, _ in _checked(photos, workers, title)]


def _checked(photos: Sequence[Photograph], workers: int, title: str) -> Iterator[tuple[str, bool]]:
    """The fault of each photograph, or "", and whether it is a temporary one of the system (`is_passing`)."""
    return in_threads(lambda photo: decoded(photo, LEAST_SIDE)[2:], photos, workers, title)


def _inspect(photos: Sequence[Photograph], name: str, reading: PhotoReading, made: Path) -> None:
    """Caches the photographs' faults. Raises DataFault for temporary faults of the system, which must not be cached."""
    found = list(_checked(photos, reading.workers, f"checking {name}"))
    unread = [f"{photo.path} {fault}" for photo, (fault, passing) in zip(photos, found, strict=True) if passing]
    if unread:
        more = f", and {len(unread) - 1} more," if len(unread) > 1 else ""
        raise DataFault(f"{unread[0]}{more} whatever is in it. Mend that and start again: nothing is kept of it.")
    np.save(made / "fault.npy", np.array([fault for fault, _ in found], dtype=np.str_))


def _decode(photos: Sequence[Photograph], name: str, reading: PhotoReading, made: Path) -> None:
    sizes, boxes = [], []
    title = f"decoding {name}"
    with (made / "pixels.npy").open("wb") as file:
        _head(file, 0)
        for found in in_threads(lambda photo: read(photo, reading.short), photos, reading.workers, title):
            file.write(found.pixels_HWC.data)
            sizes.append(found.pixels_HWC.shape[:2])
            boxes.append(found.boxes)
        _head(file, 3 * sum(high * wide for high, wide in sizes))
    np.save(made / "size.npy", np.array(sizes, np.int64))
    np.save(made / "boxes.npy", np.stack(boxes))


def _head(file: IO[bytes], length: int) -> None:
    """Writes the header of a .npy file of `length` bytes; NumPy pads it, so that it can be rewritten in place."""
    file.seek(0)
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": (length,)})


def _source(photos: Sequence[Photograph]) -> dict[str, Any]:
    """The source of a cache entry: a hash of the files' stamps, windows and boxes, without reading the files."""
    return {"photos": sha256("".join(map(_stamp, photos)).encode()).hexdigest(), "count": len(photos)}


def _stamp(photo: Photograph) -> str:
    return repr((photo.path.parts[-2:], stamp(photo.path), photo.window.tolist(), photo.boxes.tolist()))
