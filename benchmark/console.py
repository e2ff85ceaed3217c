"""What a run says on the terminal it was started from."""

import logging
import math
import shutil
import sys
import time
from abc import ABC, abstractmethod
from typing import TextIO, final

log = logging.getLogger("benchmark")

PLAIN_SECONDS = 20.0
"""How often a terminal that cannot rewrite a line is told where a run is."""


class Console(ABC):
    """Where a run speaks: `line` for what stays, `now` for what is true for a moment."""

    @abstractmethod
    def line(self, text: str) -> None: ...

    @abstractmethod
    def now(self, text: str) -> None: ...


@final
class Quiet(Console):
    """Says nothing but in the run's log: somebody else shows how far the run is."""

    def line(self, text: str) -> None:
        log.info(text)

    def now(self, text: str) -> None: ...


@final
class Plain(Console):
    """Lines only, for a file or a pipe."""

    def __init__(self, out: TextIO):
        self._out, self._told = out, time.monotonic()

    def line(self, text: str) -> None:
        log.info(text)
        print(text, file=self._out, flush=True)
        self._told = time.monotonic()

    def now(self, text: str) -> None:
        if time.monotonic() - self._told >= PLAIN_SECONDS:
            self._told = time.monotonic()
            print(text, file=self._out, flush=True)


@final
class Live(Console):
    """A last line that is rewritten, for a person at a terminal."""

    def __init__(self, out: TextIO):
        self._out = out

    def line(self, text: str) -> None:
        log.info(text)
        print(f"\r\x1b[K{text}", file=self._out, flush=True)

    def now(self, text: str) -> None:
        print(f"\r\x1b[K{text[: shutil.get_terminal_size().columns - 1]}", end="", file=self._out, flush=True)


def console(progress: bool) -> Console:
    """The console that suits where this process writes to."""
    if not progress:
        return Quiet()
    return Live(sys.stdout) if sys.stdout.isatty() else Plain(sys.stdout)


def span(seconds: float | None) -> str:
    """A time as a person says it: 45 s, 3 min 20 s, 2 h 05 min; ? where unknown."""
    if seconds is None or not math.isfinite(seconds):
        return "?"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
