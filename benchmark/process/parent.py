"""Lets a process end with the one that started it, even if that is killed."""

import ctypes
import os
import signal
import sys

PARENT = "ATTENTION_BENCHMARK_PARENT"
"""Environment variable with the id of the process that started this one, and with which it ends."""


def end_with_parent() -> None:
    """Asks the operating system for SIGTERM when the process that PARENT names ends. On Linux only."""
    parent = os.environ.pop(PARENT, None)
    if parent is None or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
    if os.getppid() != int(parent):
        sys.exit(128 + signal.SIGTERM)
