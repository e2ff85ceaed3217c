"""Whose line an error comes from: the innermost one that a user can change, not the library's it ended in."""

import site
import sysconfig
import traceback
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

LIBRARIES = {"torch", "torchvision", "pytorch_lightning", "lightning_fabric", "hydra", "omegaconf", "torchmetrics"}
"""What configurations name parts of, and users do not change."""


def raised_at(error: BaseException, packages: Collection[str] = ()) -> str:
    """The place, as in file.py:12, in read; empty where no line of the user's is in the traceback. packages: whose code
    is the user's wherever it is installed.
    """
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    installed = tuple(
        {sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")} | {*site.getsitepackages()}
    )
    own = set(packages) - LIBRARIES
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        file, package = frame.f_code.co_filename, str(frame.f_globals.get("__name__", "")).split(".")[0]
        if package in own or (Path(file).is_file() and not file.startswith(installed)):
            return f"{file}:{line}, in {frame.f_code.co_name}"
    return ""


def described(error: BaseException, packages: Collection[str] = ()) -> str:
    """An error as one line for a person: where in the user's code, which kind, and its own words."""
    words = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    where = raised_at(error, packages)
    return (f"{where}: " if where else "") + type(error).__name__ + (f": {words}" if words else "")


def packages_of(config: Any) -> set[str]:
    """The packages whose parts a plain configuration names."""
    return {target.split(".")[0] for target in _targets(config)}


def _targets(node: Any) -> Iterator[str]:
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        if key == "_target_":
            yield str(value)
        elif isinstance(value, dict | list):
            yield from _targets(value)
