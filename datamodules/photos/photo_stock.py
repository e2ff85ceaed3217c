"""Photographs by number, decoded: from their files each time, or from what was kept of them.

All files are looked at once, the first time, so that one bad photograph among thousands is told before training and not
in its third hour. Axes: N photographs, K boxes of each, H rows, W columns, C channels, P bytes of all pixels.
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
    """Photographs with their short sides at one length."""

    @abstractmethod
    def get(self, number: int) -> Decoded:
        """One of them; called by several threads at once. Raises DataFault naming its file."""


@final
class PhotoFiles(PhotoSource):
    """Decoded anew each time: takes no room, and some milliseconds a photograph."""

    def __init__(self, photos: Sequence[Photograph], short: int) -> None:
        self._photos, self._short = photos, short

    def get(self, number: int) -> Decoded:
        return read(self._photos[number], self._short)


@final
class DecodedPhotos(PhotoSource):
    """Decoded once: `short` x the long side x 3 bytes a photograph on disk, mapped into memory."""

    def __init__(self, arrays: Arrays) -> None:
        self._pixels_P, self._size_N2, self._boxes_NK4 = (arrays[name] for name in ("pixels", "size", "boxes"))
        self._end_N = self._size_N2.prod(1).cumsum() * 3

    def get(self, number: int) -> Decoded:
        high, wide = self._size_N2[number].tolist()
        end = int(self._end_N[number])
        pixels_HWC = self._pixels_P[end - 3 * high * wide : end].reshape(high, wide, 3)
        return Decoded(pixels_HWC, self._boxes_NK4[number], "")


class PhotoReading(NamedTuple):
    """How photographs are read. short: px of the short side. workers: threads that decode. keep: decoded in the cache,
    or only what is wrong with them. skip: leave out those that cannot be read instead of refusing.
    """

    short: int
    workers: int
    keep: bool
    skip: bool


def inspected(photos: Sequence[Photograph], name: str, reading: PhotoReading, cache: Cache) -> list[str]:
    """A line for each photograph that cannot be read, naming its file, and "" for each other. name: of the part they
    are, for the cache.
    """
    entry = cache.arrays(f"{name}-faults", _source(photos), lambda made: _inspect(photos, name, reading, made))
    return [
        f"{photo.path} {fault}" if fault else "" for photo, fault in zip(photos, entry["fault"].tolist(), strict=True)
    ]


def kept(lines: Sequence[str], skip: bool, name: str, check: str) -> list[int]:
    """The places of empty lines. The others are faults: with `skip` the log names each, and they are left out.

    check: the script that lists all faults. Raises DataFault with the first of them without `skip`, and where all are.
    """
    places = [place for place, line in enumerate(lines) if not line]
    faults = [line for line in lines if line]
    if faults and not (skip and places):
        none = "None of them can be read: fetch them again."
        mend = "Mend it, or put a sound copy in its place."
        leave = f"{mend} Or leave out photographs with faults: data.skip_unreadable=true."
        raise DataFault(f"{faults[0]}.{and_more(faults, check)}", leave if places else none)
    for fault in faults:
        log.warning("%s: left out: %s", name, printable(fault))
    return places


def and_more(faults: Sequence[str], check: str) -> str:
    """What a message adds after the first fault."""
    return f" And {len(faults) - 1} more: {check} lists them all." if len(faults) > 1 else ""


def sound(photos: Sequence[Photograph], name: str, reading: PhotoReading, cache: Cache, check: str) -> list[int]:
    """The numbers of the photographs that can be read; see `kept`."""
    return kept(inspected(photos, name, reading, cache), reading.skip, name, check)


def stock(photos: Sequence[Photograph], name: str, reading: PhotoReading, cache: Cache) -> PhotoSource:
    """The photographs, which have been found sound. All have equally many boxes."""
    if not reading.keep:
        return PhotoFiles(photos, reading.short)
    source = {**_source(photos), "short": reading.short}
    return DecodedPhotos(
        cache.arrays(f"{name}-{reading.short}px", source, lambda made: _decode(photos, name, reading, made))
    )


def outline(photos: Sequence[Photograph], answers: Iterable[object]) -> str:
    """The sha256 of names and sizes of files, of what is taken of each, and of what is to be said of them: of
    photographs to train on there are too many to read them all.
    """
    total = sha256(repr(list(answers)).encode(errors="surrogatepass"))
    for photo in photos:
        total.update(repr((photo.path.name, stamp(photo.path)[:1], photo.window.tolist())).encode())
    return total.hexdigest()


def digest(photos: Sequence[Photograph], reading: PhotoReading) -> str:
    """The sha256 of the files' content, of what is taken of each, and of the size they are brought to."""
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
    """Of each photograph what is wrong with it, "" where nothing is. Decodes all, as small as that can be done."""
    return [fault for fault, _ in _looked_at(photos, workers, title)]


def _looked_at(photos: Sequence[Photograph], workers: int, title: str) -> Iterator[tuple[str, bool]]:
    """Of each photograph what is wrong with it, and whether that is no fault of its own."""
    return in_threads(lambda photo: decoded(photo, LEAST_SIDE)[2:], photos, workers, title)


def _inspect(photos: Sequence[Photograph], name: str, reading: PhotoReading, made: Path) -> None:
    """Raises DataFault for one that the system could not read: that is nothing to be remembered, or left out for."""
    told = list(_looked_at(photos, reading.workers, f"looking at {name}"))
    unread = [f"{photo.path} {fault}" for photo, (fault, passing) in zip(photos, told, strict=True) if passing]
    if unread:
        more = f", and {len(unread) - 1} more," if len(unread) > 1 else ""
        raise DataFault(f"{unread[0]}{more} whatever is in it. Mend that and start again: nothing is kept of it.")
    np.save(made / "fault.npy", np.array([fault for fault, _ in told], dtype=np.str_))


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
    """The head of a .npy file of so many bytes; it has room for a length that becomes known at the end."""
    file.seek(0)
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": (length,)})


def _source(photos: Sequence[Photograph]) -> dict[str, Any]:
    """What a listing tells of the files, and what is taken of each: to read them all would cost what is to be saved."""
    return {"photos": sha256("".join(map(_stamp, photos)).encode()).hexdigest(), "count": len(photos)}


def _stamp(photo: Photograph) -> str:
    return repr((photo.path.parts[-2:], stamp(photo.path), photo.window.tolist(), photo.boxes.tolist()))
