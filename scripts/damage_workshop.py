"""Where a file is damaged and read: in processes with limits, which may die of it and are replaced."""

import hashlib
import multiprocessing
import os
import random
import re
import resource
import shutil
import signal
import traceback
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from damage import FormatReader, damaged

from benchmark.common.errors import ConfigFault, RunFault
from datamodules.contract import DataFault

SECONDS = 60.0
"""For one reading of a tiny file; a sound one takes less than one."""
MEMORY = 1 << 30
"""Bytes more than before that a reading may reserve."""
GROWTH = 1 << 29
"""Bytes more than before that a reading may fill."""
LONGEST = 5_000
"""Letters of a message: a handful of lines."""
UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]")
PROCESSES = multiprocessing.get_context("fork")


class TrialOutcome(NamedTuple):
    """number: of the mutation. kind: a column of the table. change: what was done. said: message or traceback."""

    number: int
    kind: str
    change: str
    said: str


def digest(value: object) -> str:
    """Equal for equal values, whatever of arrays, tensors and containers they are made of."""
    told = hashlib.sha256()

    def add(one: Any) -> None:
        if isinstance(one, torch.Tensor):
            one = one.detach().numpy()
        if isinstance(one, np.ndarray):
            told.update(f"array {one.dtype} {one.shape}".encode())
            told.update(repr(one.tolist()).encode() if one.dtype == object else np.ascontiguousarray(one).tobytes())
        elif isinstance(one, Mapping):
            told.update(f"mapping {len(one)}".encode())
            for key in one:
                add((key, one[key]))
        elif isinstance(one, list | tuple):
            told.update(f"{len(one)} of".encode())
            for each in one:
                add(each)
        else:
            told.update(repr(one).encode("utf-8", "backslashreplace"))

    add(value)
    return told.hexdigest()


class Workshop:
    """One format: a sound sample, and a process that reads damaged copies of it."""

    def __init__(self, name: str, reader: FormatReader, folder: Path) -> None:
        self._name, self._reader = name, reader
        self._sound, self._bench = folder / "sound", folder / "bench"
        self._sound.mkdir()
        self._file = reader.make(self._sound).relative_to(self._sound)
        self._content = (self._sound / self._file).read_bytes()
        self._lay(self._content)
        self._process, self._pipe = self._hired()
        kind, said = self._read()
        if kind != "value":
            raise RuntimeError(f"{name}: the sound sample was not read: {said}")
        self._right = said

    def __enter__(self) -> "Workshop":
        return self

    def __exit__(self, *_: object) -> None:
        self._dismiss()

    def trial(self, number: int, chance: random.Random) -> TrialOutcome:
        content, change = damaged(self._content, chance)
        self._lay(content)
        kind, said = self._read()
        if kind == "value":
            kind = "right or unnoticeable" if said == self._right else "wrong"
        return TrialOutcome(number, kind, change, said)

    def _lay(self, content: bytes) -> None:
        shutil.rmtree(self._bench, ignore_errors=True)
        shutil.copytree(self._sound, self._bench)
        (self._bench / self._file).write_bytes(content)

    def _read(self) -> tuple[str, str]:
        self._pipe.send(str(self._bench / self._file))
        try:
            if self._pipe.poll(SECONDS):
                kind, said, grown = self._pipe.recv()
                if grown > GROWTH:
                    self._dismiss()
                    self._process, self._pipe = self._hired()
                    return "hang/memory", f"{grown >> 20} MB more: {said}"
                return kind, said
            kind, said = "hang/memory", f"not done after {SECONDS:.0f} s"
        except EOFError:
            kind, said = "crash", "the process died"
        self._dismiss()
        if kind == "crash":
            said += f" ({self._process.exitcode})"
        self._process, self._pipe = self._hired()
        return kind, said

    def _hired(self) -> tuple[Any, Connection]:
        mine, theirs = PROCESSES.Pipe()
        process = PROCESSES.Process(target=_work, args=(self._reader, theirs, mine), daemon=False)
        process.start()
        theirs.close()
        return process, mine

    def _dismiss(self) -> None:
        self._pipe.close()
        self._process.join(0.2)
        if self._process.is_alive():
            os.killpg(self._process.pid, signal.SIGKILL)  # with what it has started
        self._process.join()


def _work(reader: FormatReader, pipe: Connection, other: Connection) -> None:
    os.setsid()
    other.close()
    torch.set_num_threads(1)
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    size = _status("VmSize") + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while True:
        try:
            path = Path(pipe.recv())
        except EOFError:
            os._exit(0)
        Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
        before = _status("VmRSS")
        kind, said = _judged(reader, path)
        pipe.send((kind, said, _status("VmHWM") - before))


def _judged(reader: FormatReader, path: Path) -> tuple[str, str]:
    try:
        return "value", digest(reader.read(path))
    except (ConfigFault, DataFault, RunFault) as fault:
        said = str(fault)
        if "MemoryError" in said:
            return "hang/memory", said
        plain = len(said) <= LONGEST and not UNPRINTABLE.search(said)
        return "refused in words" if path.name in said and plain else "file not named", said
    except MemoryError:
        return "hang/memory", traceback.format_exc()
    except BaseException:
        return "traceback", traceback.format_exc()


def _status(field: str) -> int:
    """Bytes, of this process."""
    found = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found.group(1)) * 1024 if found else 0
