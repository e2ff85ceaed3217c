"""Output of a run or sweep on its terminal: permanent lines, and progress below them that is redrawn."""

import contextlib
import logging
import math
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import TextIO, final

from rich.console import Console as Terminal
from rich.console import RenderableType
from rich.live import Live as Rewritten
from rich.text import Text

from benchmark.process.program import discard_output

log = logging.getLogger("benchmark")

PLAIN_SECONDS = 20.0
"""Between two lines of progress in a file or pipe."""
LIVE_SECONDS = 0.5
"""Between two drawings of progress on a terminal."""


class Progress(ABC):
    """The progress of something, rendered only when it is shown."""

    @abstractmethod
    def text(self) -> str:
        """On one line, for a file or a pipe."""

    @abstractmethod
    def drawn(self) -> RenderableType:
        """As rich renders it on a terminal."""


@final
class Words(Progress):
    """Progress as one line of text; a terminal crops it to its width."""

    def __init__(self, words: str):
        self._words = words

    def text(self) -> str:
        return self._words

    def drawn(self) -> RenderableType:
        return Text(self._words, no_wrap=True, overflow="crop")


class Console(ABC):
    """The output of a run or sweep; a context manager that closes it."""

    def __enter__(self) -> "Console":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def line(self, text: str) -> None:
        """Prints a permanent line, which is logged too."""

    @abstractmethod
    def outcome(self, text: str, failed: bool) -> None:
        """Prints a permanent line about a success or failure, which a terminal marks."""

    @abstractmethod
    def note(self, text: str) -> None:
        """Prints a line where progress cannot be redrawn; ignored on a terminal."""

    @abstractmethod
    def now(self, progress: Progress) -> None:
        """Replaces the progress shown before. Calls are throttled, so they may be frequent."""

    @abstractmethod
    def close(self) -> None:
        """Removes the progress."""


@final
class Quiet(Console):
    """Writes to the log only: in a sweep the parent process shows the progress of its runs."""

    def line(self, text: str) -> None:
        log.info(text)

    def outcome(self, text: str, failed: bool) -> None:
        log.info(text)

    def note(self, text: str) -> None: ...

    def now(self, progress: Progress) -> None: ...

    def close(self) -> None: ...


@final
class Plain(Console):
    """Plain lines, for a file or a pipe."""

    def __init__(self, out: TextIO):
        self._out, self._printed = out, time.monotonic()

    def line(self, text: str) -> None:
        log.info(text)
        self.note(text)

    def outcome(self, text: str, failed: bool) -> None:
        self.line(text)

    def note(self, text: str) -> None:
        self._printed = time.monotonic()
        print(text, file=self._out, flush=True)

    def now(self, progress: Progress) -> None:
        if time.monotonic() - self._printed >= PLAIN_SECONDS:
            self.note(progress.text())

    def close(self) -> None: ...


@final
class Live(Console):
    """For a terminal: lines scroll up, and progress stays below them."""

    def __init__(self, terminal: Terminal):
        self._terminal, self._drawn = terminal, 0.0
        self._live = Rewritten(console=terminal, auto_refresh=False, transient=True)
        self._live.start()

    def line(self, text: str) -> None:
        log.info(text)
        self._terminal.print(Text(text), soft_wrap=True)

    def outcome(self, text: str, failed: bool) -> None:
        log.info(text)
        sign, style = ("✗", "red") if failed else ("✓", "green")
        self._terminal.print(Text(f"{sign} {text}", style=style), soft_wrap=True)

    def note(self, text: str) -> None: ...

    def now(self, progress: Progress) -> None:
        if time.monotonic() - self._drawn >= LIVE_SECONDS:
            self._drawn = time.monotonic()
            self._live.update(progress.drawn(), refresh=True)

    def close(self) -> None:
        self._live.stop()


@final
class Lasting(Console):
    """Another console, until it cannot be written: its reader or terminal is gone, or the disk of its file is full.
    What is executed then goes on, and says in its log what it has to say.
    """

    def __init__(self, console: Console):
        self._console = console

    def line(self, text: str) -> None:
        self._tell(lambda console: console.line(text))

    def outcome(self, text: str, failed: bool) -> None:
        self._tell(lambda console: console.outcome(text, failed))

    def note(self, text: str) -> None:
        self._tell(lambda console: console.note(text))

    def now(self, progress: Progress) -> None:
        self._tell(lambda console: console.now(progress))

    def close(self) -> None:
        self._tell(lambda console: console.close())

    def _tell(self, say: Callable[[Console], None]) -> None:
        try:
            say(self._console)
        except OSError as error:
            log.warning("the output cannot be written: %s; goes on without it", error.strerror or error)
            ended, self._console = self._console, Quiet()
            with contextlib.suppress(OSError):
                discard_output(sys.stdout)  # for what is printed besides, and for what is left to write
                ended.close()


def of_run(progress: bool) -> Console:
    """The console of one run. progress: whether to show progress."""
    return of_sweep(True) if progress else Quiet()


def of_sweep(bars: bool) -> Console:
    """The console of a sweep, which always prints what starts and ends. bars: whether a terminal shows progress."""
    return Lasting(of_output(bars))


def of_output(bars: bool) -> Console:
    """The console for where standard output leads; it raises OSError where that cannot be written. bars: whether a
    terminal shows progress.
    """
    return Live(Terminal()) if bars and sys.stdout.isatty() else Plain(sys.stdout)


def span(seconds: float | None) -> str:
    """A duration as text: 45 s, 3 min 20 s, 2 h 05 min; ? where unknown."""
    if seconds is None or not math.isfinite(seconds):
        return "?"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
