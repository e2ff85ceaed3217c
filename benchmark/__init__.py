"""Attention mechanisms for recurrent networks in computer vision, trained and compared under one protocol.

`from benchmark import load` loads a finished run in your own program, see docs/library.md.
"""


def __getattr__(name: str) -> object:
    """Imports `load` on first use, so that importing the package does not import PyTorch."""
    if name == "load":
        from benchmark.library import load

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
