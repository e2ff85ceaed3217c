"""What an encoder makes of every image of a split, kept on disk and mapped into memory.

An entry (see cache) has one array, features.npy, and sums.jsonl, which gets a line for each batch of rows that is
written, with its sha256. So work goes on where a kill ended it, and rows that are not as they were written are made
anew; nothing is trusted unread.

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

DTYPES = ("float32", "float16")
FEATURES, SUMS = "features.npy", "sums.jsonl"

Rows = NDArray[Any]


class FeaturePlan(NamedTuple):
    """The rows of an entry: N images, B of every batch but the last, and the shape of each one's features."""

    images: int
    batch: int
    shape: tuple[int, ...]

    @property
    def batches(self) -> int:
        return -(-self.images // self.batch)

    def part(self, number: int) -> slice:
        """The rows of a batch."""
        return slice(number * self.batch, min((number + 1) * self.batch, self.images))


@final
class FeatureStore:
    """Entries in a folder, each named by what it was made from, so that those of other encoders stay.

    dtype: "float32", or "float16" for half the room. Jobs that want the same entry wait for the first of them; to read
    one that is whole needs no right to write.
    """

    def __init__(self, folder: str, dtype: Literal["float32", "float16"]) -> None:
        if dtype not in DTYPES:
            raise DataFault(f"features.store.dtype={dtype}: features are kept as {' or '.join(DTYPES)}.")
        self._folder, self._dtype = Path(folder), np.dtype(dtype)

    def rows(
        self, name: str, source: Mapping[str, Any], images: int, batch: int, shape: tuple[int, ...],
        make: Callable[[int], Rows],
    ) -> Rows:  # fmt: skip
        """(N, *shape) features, mapped into memory. `make` gives those of a batch of so many images by its number.

        source: whatever they depend on, as JSON has it. Raises DataFault where nothing can be written.
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
        """Makes what is not there or not sound."""
        kept, sound = entry.path, _sound(entry, self._dtype, plan)
        if not sound:
            self._begin(entry, plan)
        (kept / SUMS).write_text("".join(_line(number, digest) for number, digest in sound.items()))
        start = entry.mapped(FEATURES, "r").offset  # type: ignore[attr-defined]  # a memmap has one
        with (
            Progress(console=Console(stderr=True), transient=True) as progress,
            (kept / FEATURES).open("r+b") as file,
            (kept / SUMS).open("a") as sums,
        ):
            for number in progress.track(range(plan.batches), description=kept.name.rpartition("-")[0]):
                if number in sound:
                    continue
                rows, part = self._narrowed(make(number)), plan.part(number)
                if rows.shape != (part.stop - part.start, *plan.shape):
                    raise ValueError(f"batch {number} of {kept.name} has the shape {rows.shape}")
                # Written, not mapped: of a full disk a mapping tells by a signal that ends the process.
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
    """The sums of the batches whose rows are as they were written, by number."""
    try:
        if not entry.about():
            return {}
        rows = entry.mapped(FEATURES, "r")
        # The type to the byte: one of another byte order has the same name, the same sums, and other numbers.
        if (rows.dtype.str, rows.shape) != (dtype.str, (plan.images, *plan.shape)):
            return {}
        written = [_read(line) for line in (entry.path / SUMS).read_text().splitlines()]
    except Exception:  # NumPy raises a dozen kinds for a damaged head; whatever it is, the rows are made anew
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
    """Of a line; what a kill has cut off is of no batch."""
    try:
        number, digest = json.loads(line)
        return int(number), str(digest)
    except (ValueError, TypeError):
        return -1, ""
