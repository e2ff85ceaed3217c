"""The wrapper of every command: output in any encoding, one line for each error that a user can fix, exit codes.

Imports neither PyTorch nor Hydra, so that --help is quick; their errors are recognised without importing them.
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
from benchmark.process.signals_and_log import Stopped
from benchmark.results.run_folder import FREE_SPACE

P = ParamSpec("P")

FAILED, WRONG_INPUT = 1, 2
BUSY = 75
"""The exit code of a job whose run another process is executing; EX_TEMPFAIL of sysexits.h."""

CODES = {ConfigFault: WRONG_INPUT, BusyFault: BUSY}
"""Exit codes by class of fault; FAILED for the others."""

CONFIGURATIONS = (
    ("hydra.errors", "HydraException"),
    ("omegaconf.errors", "OmegaConfBaseException"),
    ("yaml", "YAMLError"),
)
"""Errors for configurations that cannot be read or composed: module and class."""

REPLACEMENTS = {"✓": "+", "✗": "x", "—": "-", "–": "-", "−": "-", "×": "x", "…": "...", "·": ".", "’": "'", "±": "+-"}
"""Replacements for characters that a terminal's encoding lacks; others are written as escapes."""

CURES = {
    errno.ENOSPC: ("the disk is full", FREE_SPACE),
    errno.EDQUOT: ("the disk's quota is used up", FREE_SPACE),
    errno.EROFS: ("its file system is read-only", "Name a writable folder"),
    errno.EACCES: ("permission denied", "Change its rights, or name another place"),
    errno.EPERM: ("that is not permitted", "Change its rights, or name another place"),
    errno.ENOENT: ("there is no such file or folder", "Check the path"),
    errno.EISDIR: ("it is a folder, not a file", "Name a file"),
    errno.ENOTDIR: ("a part of this path is a file, not a folder", "Name another place"),
    errno.EEXIST: ("something of this name exists already", "Move it away, or name another place"),
    errno.ENAMETOOLONG: ("the name is too long", "Choose a shorter one"),
    errno.EMFILE: ("too many files are open", "Start fewer workers, or raise the limit: ulimit -n"),
    errno.ENFILE: ("too many files are open on this machine", "Close other programs"),
    errno.ELOOP: ("its links form a cycle", "Name the file itself"),
}
"""Reason and remedy by errno."""


def program(main: Callable[P, int | None]) -> Callable[P, int]:
    """Wraps a main function: it prints on any terminal, reports errors that a user can fix, and returns the exit code.

    0 done, 1 failed, 2 wrong input, 75 another process is executing the run, 128 + n stopped by signal n. Bugs are
    raised with their traceback.
    """

    @functools.wraps(main)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> int:
        for stream in (sys.stdout, sys.stderr):
            replace_unencodable(stream)
        try:
            code = main(*args, **kwargs) or 0
            sys.stdout.flush()
            return code
        except BrokenPipeError:
            discard_output(sys.stdout)  # the reader, such as `| head`, has closed the pipe
            return 0
        except KeyboardInterrupt:
            return report_error(128 + signal.SIGINT, ["interrupted"])
        except Stopped as stop:
            return report_error(128 + stop.signum, [str(stop)])
        except Exception as error:
            code, lines = ending(error)
            if not lines:
                raise
            return report_error(code, lines)

    return guarded


def replace_unencodable(stream: TextIO) -> None:
    """Makes a stream replace characters that its encoding lacks, instead of raising."""
    codecs.register_error("benchmark.process.program", encode_error_handler)
    if reconfigure := getattr(stream, "reconfigure", None):
        reconfigure(errors="benchmark.process.program")


def encode_error_handler(error: UnicodeError) -> tuple[str, int]:
    """Replaces characters by REPLACEMENTS: a handler for codecs.register_error."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    text = "".join(REPLACEMENTS.get(sign) or sign.encode("ascii", "backslashreplace").decode() for sign in lacking)
    return text, error.end


def ending(error: BaseException) -> tuple[int, list[str]]:
    """Exit code and message lines of an error; no lines for a bug. Hydra wraps what constructors raise."""
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
    """The message of an OSError: file, reason, and what to do."""
    path = error.filename if isinstance(error.filename, str) else os.fsdecode(error.filename or "")
    reason, cure = CURES.get(error.errno or 0, (error.strerror or first_line(error), ""))
    if error.errno == errno.ENOENT and path and Path(path).is_symlink():
        reason = f"it is a link to {os.readlink(path)}, which is not there"  # noqa: PTH115 - as it is written
    return ". ".join(part for part in (f"{path}: {reason}" if path else reason, cure) if part)


def report_error(code: int, lines: list[str]) -> int:
    """Prints the lines of an error on the error stream; returns the exit code."""
    try:
        for line in lines:
            print(f"error: {line}", file=sys.stderr, flush=True)
    except OSError:
        discard_output(sys.stderr)
    try:
        sys.stdout.flush()
    except OSError:
        discard_output(sys.stdout)  # its disk is full: the interpreter would report that once more at exit
    return code


def discard_output(stream: TextIO) -> None:
    """Redirects a stream to os.devnull, so that the interpreter does not fail to flush it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
