"""Selects parameters by patterns of their names, with * for any characters."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from benchmark.common.errors import ConfigFault


def matching(patterns: Sequence[str], names: Iterable[str], idle: str) -> list[str]:
    """The names that any of the patterns matches, in their order.

    Raises ConfigFault with a line for each pattern that matches nothing. idle: the beginning of that line, with {} for
    the pattern.
    """
    known = list(names)
    useless = [pattern for pattern in patterns if not any(fnmatchcase(name, pattern) for name in known)]
    if useless:
        layers = ", ".join(sorted({name.rpartition(".")[0] for name in known}))
        raise ConfigFault([f"{idle.format(repr(pattern))}; there are {layers}" for pattern in useless])
    return [name for name in known if any(fnmatchcase(name, pattern) for pattern in patterns)]
