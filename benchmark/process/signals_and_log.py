"""What surrounds a run in its process: its log file, its signals, and how its end is noted."""

import contextlib
import logging
import signal
import threading
import traceback
import warnings
from collections.abc import Collection, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, final

from benchmark.common.blame import described
from benchmark.common.errors import ConfigFault, RunFault
from benchmark.results.run_folder import Status

log = logging.getLogger("benchmark")

CHATTY = ("pytorch_lightning", "lightning_fabric", "lightning.pytorch", "matplotlib", "PIL", "wandb", "git", "urllib3")


@final
class Stopped(SystemExit):
    """Ended by a signal. Leaves the process with 128 + the signal's number, as shells have it.

    Lightning alone would end a terminated run with exit code 0, which reads as success.
    """

    def __init__(self, signum: int):
        super().__init__(128 + signum)
        self.signum = signum

    def __str__(self) -> str:
        return f"stopped by {signal.Signals(self.signum).name}; started again, it resumes"


@contextlib.contextmanager
def signals_as_exits() -> Iterator[None]:
    """SIGTERM and SIGINT raise Stopped wherever the run is; only in a main thread, which alone receives signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(signum: int, frame: FrameType | None) -> None:
        raise Stopped(signum)

    before = {signum: signal.signal(signum, stop) for signum in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


@final
class LogFile(logging.FileHandler):
    """A run's log. A full disk costs it lines, and hides nothing of what ended the run."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Says nothing: logging would print a traceback."""

    def close(self) -> None:
        with contextlib.suppress(OSError):
            super().close()


@contextlib.contextmanager
def own_log(path: Path) -> Iterator[None]:
    """Everything logged or warned of goes to the run's own log, and none of it to the terminal."""
    handler = LogFile(path, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    root = logging.getLogger()
    for name in CHATTY:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.WARNING)
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        logging.captureWarnings(True)
        try:
            yield
        finally:
            logging.captureWarnings(False)
            root.removeHandler(handler)
            root.setLevel(level)
            handler.close()


@contextlib.contextmanager
def noted(status: Status, packages: Collection[str]) -> Iterator[None]:
    """However the run ends, its status and its log say so: the traceback goes into the log, the error on up. packages:
    whose code the run is made of.
    """
    try:
        yield
    except Stopped as stop:
        log.warning("%s", stop)
        _say(status, state="interrupted", message=str(stop))
        raise
    except BaseException as error:
        log.error("%s", "".join(traceback.format_exception(error)))
        _say(status, state="failed", message=describe(error, packages))
        raise


def describe(error: BaseException, packages: Collection[str] = ()) -> str:
    """One line for a person: the message of what a user can mend; place, kind and message of what is a defect."""
    told = isinstance(error, ConfigFault | RunFault)
    text = str(error) if told else described(error, packages)
    return "; ".join(line for line in text.splitlines() if line.strip())


def _say(status: Status, **values: Any) -> None:
    with contextlib.suppress(RunFault):  # a full disk, most likely: what ended the run must not be hidden by it
        status.say(**values, seconds_left=None)
