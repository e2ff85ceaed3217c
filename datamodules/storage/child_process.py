"""Runs work in a forked process with limits of memory and time: for C libraries that damaged files can make crash,
hang or exhaust the memory. The outcome is reported as an exception here.
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
    """The child process crashed or exceeded its limits; the message says which."""


class Limits(NamedTuple):
    """memory: bytes of address space beyond what is reserved already. seconds: until the process is killed."""

    memory: int
    seconds: float

    @classmethod
    def of(cls, size: int) -> "Limits":
        """Limits for a file of `size` bytes: some ten times what an official file of that size needs."""
        return cls(memory=(1 << 29) + 40 * size, seconds=60 + 1e-5 * size)


def in_child_process(work: Callable[[], None], limits: Limits) -> None:
    """Run `work` in a forked process; it has to leave its results in files.

    Raises the exception that the work raises, and ChildCrashError where it crashed or exceeded a limit.
    """
    read_end, write_end = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # about threads, which the child neither has nor awaits
        child = os.fork()
    if not child:
        _work(work, limits, write_end)
    os.close(write_end)
    done = False
    try:
        message = _read_all(read_end, limits.seconds)
        done = True
    finally:
        os.close(read_end)
        if not done:
            os.kill(child, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status < 0 or not message:
        raise ChildCrashError(
            f"the library that reads it crashed on it (signal {-status}), as it does on damaged files"
        )
    raised = pickle.loads(message)  # written by our own child process
    if isinstance(raised, MemoryError):
        raise ChildCrashError(
            f"to read it would take more than {limits.memory >> 20} MB, which only damaged files ask for"
        )
    if raised:
        raise raised


def _read_all(pipe: int, seconds: float) -> bytes:
    """Everything written to a pipe. Raises ChildCrashError after so many seconds without a byte."""
    message = b""
    while select.select([pipe], [], [], seconds)[0]:
        part = os.read(pipe, 1 << 16)
        if not part:
            return message
        message += part
    raise ChildCrashError(f"it was not read within {seconds:.0f} s, which only damaged files take")


def _work(work: Callable[[], None], limits: Limits, pipe: int) -> NoReturn:
    """The child's part: runs the work and writes the pickled exception, or None, to the pipe."""
    raised: BaseException | None = None
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        faulthandler.disable()  # a crash is reported by the parent
        most = _reserved() + limits.memory
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        work()
    except BaseException as error:
        raised = error
    with suppress(BaseException):
        os.write(pipe, _pickled(raised))
    os._exit(0)


def _reserved() -> int:
    """Bytes of address space of this process; a large default where /proc is not available."""
    with suppress(OSError, AttributeError):
        found = re.search(r"VmSize:\s+(\d+) kB", Path("/proc/self/status").read_text())
        return int(found.group(1)) * 1024  # type: ignore[union-attr]
    return 1 << 46


def _pickled(raised: BaseException | None) -> bytes:
    try:
        return pickle.dumps(raised)
    except Exception:
        return pickle.dumps(RuntimeError(repr(raised)))
