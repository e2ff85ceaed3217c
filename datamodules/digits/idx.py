"""IDX, the format of the MNIST files: a magic number, the sizes, then bytes; gzipped.

    00 00 08 nn | nn sizes, 4 bytes each, highest byte first | the items, one byte each

08 is the type "unsigned byte", nn the number of axes. Source: the MNIST page of LeCun, Cortes and Burges.
"""

import gzip
import math
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor

from datamodules.contract import DataFault

UNSIGNED_BYTE = 8
BEYOND = 1 << 16
"""Bytes read beyond the declared length, to detect a longer file."""
MOST_BYTES = 1 << 29
"""Maximum declared bytes, against decompression bombs; MNIST's largest file has 47 MB."""


def read_idx(path: Path, axes: int) -> Tensor:
    """Read a gzipped IDX file of unsigned bytes with the given number of axes, as a uint8 tensor.

    Raises DataFault for a file that is missing, unreadable, no gzip, truncated, of another magic number, empty, or of
    another length than its header declares.
    """
    start = 4 + 4 * axes
    with _unzipped(path) as file:
        header = file.read(start)
        expected = bytes([0, 0, UNSIGNED_BYTE, axes])
        if header[:4] != expected:
            file.read(BEYOND)  # raises the more specific fault, if the file is truncated or no gzip
            raise _damaged(
                path, f"it starts with 0x{header[:4].hex()}, and IDX data of {axes} axes with 0x{expected.hex()}"
            )
        shape = [int.from_bytes(header[place : place + 4], "big") for place in range(4, start, 4)]
        sizes, promised = " x ".join(map(str, shape)), math.prod(shape)
        if promised > MOST_BYTES:
            raise _damaged(path, f"its header promises {sizes} = {promised} bytes, and MNIST's largest has 47,040,000")
        content = bytearray(file.read(promised + BEYOND))  # reading to the end verifies gzip's checksum
    found = len(content) if len(content) < promised + BEYOND else f"{len(content)} or more"
    if len(content) != promised or len(header) < start:
        raise _damaged(path, f"its header promises {sizes} = {promised} bytes, and {found} follow")
    if promised == 0:
        raise _damaged(path, "it holds no items")
    return torch.frombuffer(content, dtype=torch.uint8).view(shape)


def write_idx(path: Path, items: Tensor) -> None:
    """Write a uint8 tensor as gzipped IDX. Equal tensors give equal files."""
    header = bytes([0, 0, UNSIGNED_BYTE, items.dim()]) + b"".join(size.to_bytes(4, "big") for size in items.shape)
    path.write_bytes(gzip.compress(header + items.contiguous().numpy().tobytes(), mtime=0))


@contextmanager
def _unzipped(path: Path) -> Iterator[gzip.GzipFile]:
    try:
        with gzip.open(path) as file:
            yield file
    except FileNotFoundError:
        raise DataFault(f"{path} is missing.") from None
    except EOFError:
        raise _damaged(path, "it ends too early, as after a broken download") from None
    except (gzip.BadGzipFile, zlib.error) as fault:
        raise _damaged(path, f"it is no sound gzip file ({fault})") from None
    except OSError as fault:
        raise DataFault(f"{path} cannot be read: {fault.strerror}. Mend that, or point data.root elsewhere.") from None


def _damaged(path: Path, what: str) -> DataFault:
    return DataFault(f"{path} is damaged: {what}. Delete it and fetch it again (data.download=true).")
