"""Work in a process of its own, with limits: for libraries in C that a damaged file may make crash, hang or fill the
memory. What happens there is told here in words.
"""

import faulthandler
import os
import pickle
import re
import resource
import select
import signal
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, NoReturn


class ChildCrashError(Exception):
    """How the process ended, where it did not come to an end of its own."""


class Limits(NamedTuple):
    """memory: bytes more than are reserved already. seconds: before the process is ended."""

    memory: int
    seconds: float

    @classmethod
    def of(cls, size: int) -> "Limits":
        """For a file of so many bytes: some ten times what an official file of that size takes."""
        return cls(memory=(1 << 29) + 40 * size, seconds=60 + 1e-5 * size)


def in_child_process(work: Callable[[], None], limits: Limits) -> None:
    """Have the work done in a copy of this process; what it finds it leaves in files.

    Raises what the work raises, and ChildCrashError, in words, where it crashed, was too slow or wanted too much memory.
    """
    told, tell = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads: the copy has none of them, and waits for none
        child = os.fork()
    if not child:
        _work(work, limits, tell)
    os.close(tell)
    done = False
    try:
        said = _all_of(told, limits.seconds)
        done = True
    finally:
        os.close(told)
        if not done:
            os.kill(child, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status < 0 or not said:
        raise ChildCrashError(
            f"the library that reads it crashed on it (signal {-status}), as it does on damaged files"
        )
    raised = pickle.loads(said)  # written by our own process
    if isinstance(raised, MemoryError):
        raise ChildCrashError(
            f"to read it would take more than {limits.memory >> 20} MB, which only damaged files ask for"
        )
    if raised:
        raise raised


def _all_of(pipe: int, seconds: float) -> bytes:
    said = b""
    while select.select([pipe], [], [], seconds)[0]:
        part = os.read(pipe, 1 << 16)
        if not part:
            return said
        said += part
    raise ChildCrashError(f"it was not read within {seconds:.0f} s, which only damaged files take")


def _work(work: Callable[[], None], limits: Limits, tell: int) -> NoReturn:
    raised: BaseException | None = None
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        faulthandler.disable()  # what happens here is told in words
        most = _reserved() + limits.memory
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        work()
    except BaseException as error:
        raised = error
    with suppress(BaseException):
        os.write(tell, _pickled(raised))
    os._exit(0)


def _reserved() -> int:
    """Bytes of address space of this process; where the system does not tell, as many as any has."""
    with suppress(OSError, AttributeError):
        found = re.search(r"VmSize:\s+(\d+) kB", Path("/proc/self/status").read_text())
        return int(found.group(1)) * 1024  # type: ignore[union-attr]
    return 1 << 46


def _pickled(raised: BaseException | None) -> bytes:
    try:
        return pickle.dumps(raised)
    except Exception:
        return pickle.dumps(RuntimeError(repr(raised)))
