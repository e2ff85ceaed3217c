"""What every program of the project has around it: streams that take any text, and a line for what a user can mend.

Imports nothing of PyTorch or Hydra: help is to be quick, and what was never imported was never raised.
"""

import codecs
import errno
import functools
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TextIO

from benchmark.common.errors import BusyFault, ConfigFault, causes, fault_lines, is_a, user_fault

P = ParamSpec("P")

FAILED, WRONG_INPUT = 1, 2
BUSY = 75
"""The exit code of a job that found another process at work on its run; EX_TEMPFAIL of sysexits.h."""

CODES = {ConfigFault: WRONG_INPUT, BusyFault: BUSY}
"""Of faults that a user can mend; of the others FAILED."""

CONFIGURATIONS = (
    ("hydra.errors", "HydraException"),
    ("omegaconf.errors", "OmegaConfBaseException"),
    ("yaml", "YAMLError"),
)
"""What is raised for a configuration that cannot be read or composed."""

SIGNS = {"✓": "+", "✗": "x", "—": "-", "–": "-", "−": "-", "×": "x", "…": "...", "·": ".", "’": "'", "±": "+-"}
"""What stands for a sign that a terminal does not have; of others the code is written."""

CURES = {
    errno.ENOSPC: ("the disk is full", "Free some space and start it again"),
    errno.EDQUOT: ("the disk's quota is used up", "Free some space and start it again"),
    errno.EROFS: ("it lies on a file system that is read-only", "Name a place that can be written"),
    errno.EACCES: ("permission denied", "Change its rights, or name another place"),
    errno.EPERM: ("that is not permitted", "Change its rights, or name another place"),
    errno.ENOENT: ("there is no such file or folder", "Check the path"),
    errno.EISDIR: ("it is a folder, and a file is wanted", "Name a file"),
    errno.ENOTDIR: ("a part of this path is a file, and a folder is wanted", "Name another place"),
    errno.EEXIST: ("something of this name is there already", "Move it away, or name another place"),
    errno.ENAMETOOLONG: ("the name is too long", "Choose a shorter one"),
    errno.EMFILE: ("too many files are open", "Start fewer workers, or raise the limit: ulimit -n"),
    errno.ENFILE: ("too many files are open on this machine", "Close other programs"),
    errno.ELOOP: ("its links lead in a circle", "Name the file itself"),
}
"""By the system's number: why, and what to do."""


def program(main: Callable[P, int | None]) -> Callable[P, int]:
    """A main that prints on any terminal, ends what a user can mend with its lines, and returns the exit code.

    0 done, 1 it can't be done, 2 wrong input, 75 another process is at work on the run, 128 + n stopped by
    signal n. What is a defect is raised.
    """

    @functools.wraps(main)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> int:
        for stream in (sys.stdout, sys.stderr):
            take_any_text(stream)
        try:
            code = main(*args, **kwargs) or 0
            sys.stdout.flush()
            return code
        except BrokenPipeError:
            let_go(sys.stdout)  # `| head` has seen enough
            return 0
        except KeyboardInterrupt:
            return said(128 + signal.SIGINT, ["interrupted"])
        except Exception as error:
            code, lines = ending(error)
            if not lines:
                raise
            return said(code, lines)

    return guarded


def take_any_text(stream: TextIO) -> None:
    """Signs that the stream's encoding lacks are written in others, from now on, and never an error."""
    codecs.register_error("benchmark.process.program", spelled)
    if reconfigure := getattr(stream, "reconfigure", None):
        reconfigure(errors="benchmark.process.program")


def spelled(error: UnicodeError) -> tuple[str, int]:
    """The error handler of a stream: see codecs.register_error."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(SIGNS.get(sign) or sign.encode("ascii", "backslashreplace").decode() for sign in lacking), error.end


def ending(error: BaseException) -> tuple[int, list[str]]:
    """Exit code and lines of what ended a program; no line for a defect. Hydra wraps what constructors raise."""
    if (fault := user_fault(error)) is not None:
        code = next((code for kind, code in CODES.items() if isinstance(fault, kind)), FAILED)
        return code, fault_lines(fault)
    raised = [cause for cause in causes(error) if not is_a(cause, "hydra.errors", "InstantiationException")]
    if raised and isinstance(raised[0], OSError):
        return FAILED, [system_fault(raised[0])]
    if any(is_a(error, module, name) for module, name in CONFIGURATIONS):
        return WRONG_INPUT, [first_line(error)]
    return FAILED, []


def system_fault(error: OSError) -> str:
    """A line for what the system refused: of which file, why, and what to do."""
    path = error.filename if isinstance(error.filename, str) else os.fsdecode(error.filename or "")
    reason, cure = CURES.get(error.errno or 0, (error.strerror or first_line(error), ""))
    if error.errno == errno.ENOENT and path and Path(path).is_symlink():
        reason = f"it is a link to {os.readlink(path)}, which is not there"  # noqa: PTH115 - as it is written
    return ". ".join(part for part in (f"{path}: {reason}" if path else reason, cure) if part)


def said(code: int, lines: list[str]) -> int:
    """The exit code, after its lines were told on the error stream."""
    try:
        for line in lines:
            print(f"error: {line}", file=sys.stderr, flush=True)
    except OSError:
        let_go(sys.stderr)
    try:
        sys.stdout.flush()
    except OSError:
        let_go(sys.stdout)  # its disk is full: Python would complain of that once more at the end
    return code


def let_go(stream: TextIO) -> None:
    """What was not written is dropped, so that the interpreter does not fail to write it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
