"""An encoder's features of every image of a split, stored on disk and memory-mapped.

An entry (see cache) has one array, features.npy, and sums.jsonl, with a line for each batch of rows written: its number
and sha256. An interrupted computation is resumed, and rows whose checksum differs are computed again.

Axes: N images of a split, B of a batch, then those of a feature.
"""

import json
import os
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, NamedTuple, final

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from datamodules.contract import DataFault
from datamodules.storage.cache import ABOUT, CacheEntry, named_by
from datamodules.storage.locks import locked

FEATURES, SUMS = "features.npy", "sums.jsonl"

Rows = NDArray[Any]


class FeaturePlan(NamedTuple):
    """The array of an entry: N images, in batches of B (the last may be smaller), and the shape of one's features."""

    images: int
    batch: int
    shape: tuple[int, ...]

    @property
    def batches(self) -> int:
        return -(-self.images // self.batch)

    def part(self, number: int) -> slice:
        """The slice of rows of a batch."""
        return slice(number * self.batch, min((number + 1) * self.batch, self.images))


@final
class FeatureStore:
    """A folder of entries, each named by a hash of its source, so that features of other encoders remain.

    dtype: "float32", or "float16" for half the space. Concurrent jobs wait for the first one to compute an entry;
    reading a complete one needs no write permission.
    """

    def __init__(self, folder: str, dtype: Literal["float32", "float16"]) -> None:
        self._folder, self._dtype = Path(folder), np.dtype(dtype)

    def rows(
        self, name: str, source: Mapping[str, Any], images: int, batch: int, shape: tuple[int, ...],
        make: Callable[[int], Rows],
    ) -> Rows:  # fmt: skip
        """(N, *shape) memory-mapped features. make: computes those of a batch, by its number. images: N. batch: B.

        source: everything that the features depend on, JSON-serialisable. Raises DataFault where nothing can be
        written.
        """
        plan = FeaturePlan(images, batch, shape)
        described = {**source, "dtype": self._dtype.name, **plan._asdict()}
        entry = CacheEntry(self._folder / f"{name}-{named_by(described)}", described)
        try:
            if len(_sound(entry, self._dtype, plan)) < plan.batches:
                with locked(self._folder / f".{entry.path.name}.lock"):
                    self._complete(entry, plan, make)
            return entry.mapped(FEATURES, "r")
        except OSError as fault:
            raise DataFault(
                f"cannot write {fault.filename or entry.path}: {fault.strerror or fault}. Make room, or name another "
                "folder: features.store.folder=FOLDER, or features=live keeps nothing."
            ) from None

    def _complete(self, entry: CacheEntry, plan: FeaturePlan, make: Callable[[int], Rows]) -> None:
        """Computes the batches that are missing or damaged."""
        folder, sound = entry.path, _sound(entry, self._dtype, plan)
        if not sound:
            self._begin(entry, plan)
        (folder / SUMS).write_text("".join(_line(number, digest) for number, digest in sound.items()))
        start = entry.mapped(FEATURES, "r").offset  # type: ignore[attr-defined]  # a memmap has one
        with (
            Progress(console=Console(stderr=True), transient=True) as progress,
            (folder / FEATURES).open("r+b") as file,
            (folder / SUMS).open("a") as sums,
        ):
            for number in progress.track(range(plan.batches), description=folder.name.rpartition("-")[0]):
                if number in sound:
                    continue
                rows, part = self._narrowed(make(number)), plan.part(number)
                if rows.shape != (part.stop - part.start, *plan.shape):
                    raise ValueError(f"batch {number} of {folder.name} has the shape {rows.shape}")
                # Written, not memory-mapped: with a full disk, writing to a mapping kills the process by a signal.
                file.seek(start + part.start * rows[0].nbytes)
                file.write(rows.tobytes())
                file.flush()
                sums.write(_line(number, _sum(rows)))
                sums.flush()
            os.fsync(file.fileno())
            os.fsync(sums.fileno())

    def _begin(self, entry: CacheEntry, plan: FeaturePlan) -> None:
        entry.path.mkdir(parents=True, exist_ok=True)
        (entry.path / ABOUT).unlink(missing_ok=True)
        np.lib.format.open_memmap(entry.path / FEATURES, "w+", self._dtype, (plan.images, *plan.shape))
        entry.describe(entry.path)

    def _narrowed(self, rows: Rows) -> Rows:
        with np.errstate(over="ignore"):
            narrow = np.ascontiguousarray(rows, self._dtype)
        if np.isfinite(rows).all() and not np.isfinite(narrow).all():
            raise DataFault("features are too large for half precision: features.store.dtype=float32.")
        return narrow


def _sound(entry: CacheEntry, dtype: np.dtype, plan: FeaturePlan) -> dict[int, str]:
    """The checksums of the batches whose rows match them, by number."""
    try:
        if not entry.about():
            return {}
        rows = entry.mapped(FEATURES, "r")
        # dtype.str includes the byte order, which dtype.name and the checksums do not.
        if (rows.dtype.str, rows.shape) != (dtype.str, (plan.images, *plan.shape)):
            return {}
        written = [_read(line) for line in (entry.path / SUMS).read_text().splitlines()]
    except Exception:  # NumPy raises many types for a damaged header; in any case the rows are computed again
        return {}
    return {
        number: digest
        for number, digest in written
        if 0 <= number < plan.batches and _sum(rows[plan.part(number)]) == digest
    }


def _sum(rows: Rows) -> str:
    return sha256(np.ascontiguousarray(rows).data).hexdigest()


def _line(number: int, digest: str) -> str:
    return json.dumps([number, digest]) + "\n"


def _read(line: str) -> tuple[int, str]:
    """The batch number and checksum of a line; -1 for a line truncated by a kill."""
    try:
        number, digest = json.loads(line)
        return int(number), str(digest)
    except (ValueError, TypeError):
        return -1, ""
