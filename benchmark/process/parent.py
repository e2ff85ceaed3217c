"""Lets a process end with the one that started it, even if that is killed."""

import ctypes
import os
import signal
import sys

PARENT = "ATTENTION_BENCHMARK_PARENT"
"""Environment variable with the id of the process that started this one, and with which it ends."""


def end_with_parent() -> None:
    """Ends this process with the one that PARENT names, if it names one."""
    parent = os.environ.pop(PARENT, None)
    if parent is not None:
        end_with(int(parent))


def end_with(parent: int) -> None:
    """Asks the operating system for SIGTERM when the process that started this one ends. On Linux only.

    parent: its id. Exits if it has ended before.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        sys.exit(128 + signal.SIGTERM)
