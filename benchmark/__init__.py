"""Attention mechanisms for recurrent networks in computer vision, trained and compared under one protocol.

`from benchmark import load` gives a finished run to a program of one's own, see docs/library.md.
"""


def __getattr__(name: str) -> object:
    """`load`, imported when it is asked for: whoever imports a part of the package waits for no PyTorch."""
    if name == "load":
        from benchmark.library import load

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
