"""The allocator keeps what a step frees; where the C library cannot be told, nothing happens."""

import ctypes
import platform
import subprocess
import sys
from types import SimpleNamespace

import pytest

from benchmark.process import allocator

FAULTS = """
import resource, sys
from benchmark.process.allocator import keep_freed_memory
if sys.argv[1] == "kept":
    assert keep_freed_memory()
import torch
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
before = faults()
for _ in range(200):
    torch.ones(16 * 2**20)  # 64 MiB, freed at once
print(faults() - before)
"""


def page_faults(which: str) -> int:
    done = subprocess.run([sys.executable, "-c", FAULTS, which], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library has no mallopt")
def test_freed_memory_is_not_mapped_anew():
    assert page_faults("kept") * 10 < page_faults("given back")


@pytest.mark.parametrize("library", [SimpleNamespace(), None])
def test_without_mallopt_nothing_happens(library, monkeypatch):
    def opened(name):
        if library is None:
            raise OSError("no such library")
        return library

    monkeypatch.setattr(ctypes, "CDLL", opened)
    assert allocator.keep_freed_memory() is False
