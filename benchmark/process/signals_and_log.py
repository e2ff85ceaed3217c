"""Signals, log file and final status of a run."""

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
    """Raised on SIGTERM and SIGINT; exit code 128 + the signal's number, as in shells.

    Lightning itself would end a terminated run with exit code 0, which means success.
    """

    def __init__(self, signum: int):
        super().__init__(128 + signum)
        self.signum = signum

    def __str__(self) -> str:
        return f"stopped by {signal.Signals(self.signum).name}; started again, it resumes"


@contextlib.contextmanager
def signals_as_exits() -> Iterator[None]:
    """SIGTERM and SIGINT raise Stopped. Only in the main thread, which alone receives signals."""
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
    """A run's log file. On a full disk lines are lost, and no further error is raised."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Does nothing: logging would print a traceback."""

    def close(self) -> None:
        with contextlib.suppress(OSError):
            super().close()


@contextlib.contextmanager
def own_log(path: Path) -> Iterator[None]:
    """Sends all log records and warnings to the run's log file, and none to the terminal."""
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
    """Writes the end of a run into its status, and the traceback of an error into its log; re-raises the error.
    packages: those whose code the run uses, see `raised_at`.
    """
    try:
        yield
    except Stopped as stop:
        log.warning("%s", stop)
        _update(status, state="interrupted", message=str(stop))
        raise
    except BaseException as error:
        log.error("%s", "".join(traceback.format_exception(error)))
        _update(status, state="failed", message=describe(error, packages))
        raise


def describe(error: BaseException, packages: Collection[str] = ()) -> str:
    """An error on one line: the message of a fault that a user can fix; place, class and message of a bug."""
    is_fault = isinstance(error, ConfigFault | RunFault)
    text = str(error) if is_fault else described(error, packages)
    return "; ".join(line for line in text.splitlines() if line.strip())


def _update(status: Status, **values: Any) -> None:
    with contextlib.suppress(RunFault):  # probably a full disk, which must not hide the error that ended the run
        status.update(**values, seconds_left=None)
