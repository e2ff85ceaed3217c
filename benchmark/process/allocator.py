"""Tuning of glibc's allocator: a process keeps the memory that a training step frees."""

import ctypes

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1
"""Parameters of glibc's mallopt."""
HEAP_BYTES = 2**30
"""Blocks up to this size come from the heap, and free memory at the end of the heap is returned only above it."""


def keep_freed_memory() -> bool:
    """Lets this process keep freed memory, up to HEAP_BYTES. Returns whether the C library supports it.

    glibc returns large blocks to the system, and the next training step allocates the same blocks again: every page is
    cleared and mapped at each step. Which processes are affected depends on where the heap happens to end; those that
    are were up to a third slower (docs/speed.md). Other C libraries have no mallopt and are left as they are.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(MMAP_THRESHOLD, HEAP_BYTES) and mallopt(TRIM_THRESHOLD, HEAP_BYTES))
