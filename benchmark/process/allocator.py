"""How the C library's allocator treats what a training step frees."""

import ctypes

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1
"""Names of glibc's mallopt."""
KEPT = 2**30
"""Bytes: blocks up to this size come from the heap, and the heap's free end is given back above it."""


def keep_freed_memory() -> bool:
    """Lets this process keep the memory it frees, up to a gigabyte; whether the C library could be told so.

    glibc gives large blocks back to the system, and a training step asks for the same ones again: every page is then
    cleared and mapped anew at each step. Which processes suffer is a matter of luck (of where the heap happens to end);
    those that do were up to a third slower (docs/speed.md). Other C libraries have no mallopt and stay as they are.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(MMAP_THRESHOLD, KEPT) and mallopt(TRIM_THRESHOLD, KEPT))
