"""Locates an error in the user's code: the innermost frame of a traceback that is not of an installed library."""

import sysconfig
import traceback
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

LIBRARIES = {"torch", "torchvision", "pytorch_lightning", "lightning_fabric", "hydra", "omegaconf", "torchmetrics"}
"""Packages whose classes configurations may name, but whose code is not the user's."""


def raised_at(error: BaseException, packages: Collection[str] = ()) -> str:
    """File, line and function of the user's code, as in "file.py:12, in read"; "" where the traceback has none.
    packages: those whose code counts as the user's even where it is installed.
    """
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    own = set(packages) - LIBRARIES
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        file, package = frame.f_code.co_filename, str(frame.f_globals.get("__name__", "")).split(".")[0]
        if package in own or (Path(file).is_file() and not _installed(file)):
            return f"{file}:{line}, in {frame.f_code.co_name}"
    return ""


def _installed(file: str) -> bool:
    """Whether a file is of a library: of Python's own, or of any environment's, such as the one below a virtual one."""
    return file.startswith(sysconfig.get_path("stdlib")) or not {"site-packages", "dist-packages"}.isdisjoint(
        Path(file).parts
    )


def described(error: BaseException, packages: Collection[str] = ()) -> str:
    """An error on one line: where in the user's code, its class, and the first line of its message."""
    words = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    where = raised_at(error, packages)
    if (base := _declaring(error)) is not None:
        name = f"{base.__module__}.{base.__qualname__}"
        words += (". Its __init__ has to begin with super().__init__()" if name.split(".")[0] in LIBRARIES
                  else f". {name} leaves it to its subclasses to set")  # fmt: skip
    return (f"{where}: " if where else "") + type(error).__name__ + (f": {words}" if words else "")


def _declaring(error: BaseException) -> type | None:
    """The base class that declares the attribute without a value whose absence is the error."""
    if not isinstance(error, AttributeError):
        return None
    bases = type(error.obj).__mro__[1:]
    return next((base for base in bases if error.name in vars(base).get("__annotations__", ())), None)


def packages_of(config: Any) -> set[str]:
    """The top-level packages of all `_target_` of a plain configuration."""
    return {target.split(".")[0] for target in _targets(config)}


def _targets(node: Any) -> Iterator[str]:
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        if key == "_target_":
            yield str(value)
        elif isinstance(value, dict | list):
            yield from _targets(value)
