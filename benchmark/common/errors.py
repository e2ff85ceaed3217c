"""Errors that a user can fix: shown as a message, never as a traceback."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import final


@final
class ConfigFault(Exception):  # noqa: N818  # what the user gave has a fault; the program has no error
    """Faults of a configuration. Each names the knob, what is wrong with it, and what would be valid."""

    def __init__(self, faults: list[str]):
        super().__init__("\n".join(faults))
        self.faults = faults


@final
class RunFault(Exception):  # noqa: N818  # what the user gave has a fault; the program has no error
    """What stopped a run: the message gives the reason, the step where it applies, and what to do."""


@final
class BusyFault(Exception):  # noqa: N818  # what the user gave has a fault; the program has no error
    """Another process is executing the same run: nothing has failed, and the caller may wait."""


def contract_fault(group: str, part: object, faults: Iterable[str]) -> RunFault:
    """The faults of a part of a config group that breaks the contract of its base class."""
    kind = type(part)
    return RunFault("\n  ".join([f"{group}: {kind.__module__}.{kind.__qualname__} breaks its contract:", *faults]))


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error and its chain of causes (`__cause__`)."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__


def is_a(error: BaseException, module: str, name: str) -> bool:
    """Whether an error is an instance of a class, without importing the class's module."""
    return module in sys.modules and isinstance(error, getattr(sys.modules[module], name))


def user_fault(error: BaseException) -> BaseException | None:
    """The first of an error and its causes that a user can fix: one of this module's, or a DataFault. None for a bug.
    Hydra wraps what constructors raise, so the fault is often a cause.
    """
    for cause in causes(error):
        if isinstance(cause, ConfigFault | RunFault | BusyFault) or is_a(cause, "datamodules.contract", "DataFault"):
            return cause
    return None


def fault_lines(error: BaseException) -> list[str]:
    """The lines of an error's message to the user; empty for a bug."""
    fault = user_fault(error)
    if fault is None:
        return []
    return fault.faults if isinstance(fault, ConfigFault) else [str(fault)]


@contextmanager
def unwrap_user_faults() -> Iterator[None]:
    """Re-raises the fault that a user can fix in place of the error that wraps it; a DataFault as a RunFault."""
    try:
        yield
    except Exception as error:
        fault = user_fault(error)
        if fault is None:
            raise
        if not isinstance(fault, ConfigFault | RunFault | BusyFault):
            raise RunFault(str(fault)) from error
        if fault is error:
            raise
        raise fault from error
