"""Loads files of weights, which are never trusted: the whole file is checked before any tensor is used.

With `weights_only` `torch.load` runs no code, but it does not verify the checksums in the file, believes the declared
sizes, and raises many kinds of errors for a damaged file.
"""

import io
import pickle
import pickletools
import stat
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor

from benchmark.common.errors import RunFault

ENTRIES = 100_000
"""Most entries of an archive, which has one per tensor."""
REBUILT = {
    "collections OrderedDict", "collections Counter", "torch Size", "torch device", "torch.nn.parameter Parameter",
    *(f"torch._utils {name}" for name in ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_parameter")),
}  # fmt: skip
"""Globals that a pickle of tensors and plain values needs, besides dtypes and storages."""
OLD_HEADERS = 5
"""Pickles at the beginning of a file from before 2020: magic number, version, system, content, names of storages."""


def read_weights(path: Path, map_location: Any = "cpu") -> Any:
    """The tensors and plain values in a file written by `torch.save`.

    Raises RunFault where it is missing, damaged or truncated, or has other content. The message names the file and the
    reason; the caller adds what to do.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for its writer
            raise RunFault(f"{path} is not a regular file")
        with path.open("rb") as file:
            _refuse_damage(file)
            content = torch.load(file, map_location=map_location, weights_only=True)
            _refuse_claims([*tensors(content)], path.stat().st_size)
    except RunFault:
        raise
    except OSError as error:
        raise RunFault(f"{path} cannot be read: {error.strerror or error}") from None
    except pickle.UnpicklingError:
        raise RunFault(
            f"{path} is damaged, or holds more than tensors and plain values, which is never loaded"
        ) from None
    except Exception as error:  # torch, zipfile and pickle raise a dozen kinds for a damaged file
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise RunFault(f"{path} is damaged or cut off ({reason})") from None
    return content


def refuse_not_finite(path: Path, weights: Mapping[str, Tensor]) -> None:
    """Raises RunFault where weights hold NaN or infinity."""
    bad = [name for name, value in weights.items() if value.is_floating_point() and not bool(value.isfinite().all())]
    if bad:
        more = f" and {len(bad) - 3} more" if len(bad) > 3 else ""
        raise RunFault(f"{path} holds weights that are not finite: {', '.join(bad[:3])}{more}")


def tensors(content: object) -> Iterator[Tensor]:
    """All tensors inside nested containers."""
    waiting, met = [content], set()
    while waiting:
        one = waiting.pop()
        if isinstance(one, Tensor):
            yield one
        elif isinstance(one, Mapping | list | tuple | set) and id(one) not in met:
            met.add(id(one))
            waiting += [*one.values()] if isinstance(one, Mapping) else [*one]


def _refuse_damage(file: BinaryIO) -> None:
    """Raises where a checksum of the archive does not match, it is compressed, or its pickle has other globals."""
    if file.read(2) == b"PK":
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            if len(entries) > ENTRIES or len({entry.filename for entry in entries}) < len(entries):
                raise ValueError("too many entries, or two of one name")
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
                raise ValueError("packed entries, which torch.save never writes")
            if broken := archive.testzip():
                raise ValueError(f"the checksum of {broken} does not hold")
            for entry in entries:
                if entry.filename.endswith("data.pkl"):
                    _refuse_names(io.BytesIO(archive.read(entry)))
    else:
        file.seek(0)
        for _ in range(OLD_HEADERS):
            _refuse_names(file)
    file.seek(0)


def _refuse_names(pickled: BinaryIO) -> None:
    """Raises for a pickle with globals that tensors and plain values do not need."""
    for code, argument, _ in pickletools.genops(pickled):
        if code.name in ("GLOBAL", "INST") and not _is_known(str(argument)):
            raise pickle.UnpicklingError(f"it names {argument}")
        if code.name in ("STACK_GLOBAL", "EXT1", "EXT2", "EXT4"):  # which torch.save does not write
            raise pickle.UnpicklingError("it has globals that are only known when it is loaded")


def _is_known(name: str) -> bool:
    module, _, what = name.partition(" ")
    is_dtype = module == "torch" and isinstance(getattr(torch, what, None), torch.dtype)
    is_storage = module in ("torch", "torch.storage") and what.isidentifier() and what.endswith("Storage")
    return name in REBUILT or is_dtype or is_storage


def _refuse_claims(found: list[Tensor], size: int) -> None:
    """Raises where tensors declare more values than the file holds: a view of one value may have any shape."""
    for value in found:
        if value.layout != torch.strided or value.numel() * value.element_size() > value.untyped_storage().nbytes():
            raise ValueError("a tensor is larger than what is stored of it")
    if sum(value.numel() * value.element_size() for value in found) > 4 * size:  # few are views of one another
        raise ValueError("its tensors are larger than the file")
