"""What a user can mend: shown as a message, never as a traceback."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import final


@final
class ConfigFault(Exception):  # noqa: N818  # what the user gave has a fault; the program has no error
    """Faults of a configuration, each naming the knob, what is wrong with it and what would be right."""

    def __init__(self, faults: list[str]):
        super().__init__("\n".join(faults))
        self.faults = faults


@final
class RunFault(Exception):  # noqa: N818  # what the user gave has a fault; the program has no error
    """Something that stopped a run: says what, at which step, and what to do."""


@final
class BusyFault(Exception):  # noqa: N818  # what the user gave has a fault; the program has no error
    """Another process is at work on the same run: nothing has failed, and it can be waited for."""


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what it was raised from, step by step."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__


def is_a(error: BaseException, module: str, name: str) -> bool:
    """Whether an error is of a class of a module that may never have been imported."""
    return module in sys.modules and isinstance(error, getattr(sys.modules[module], name))


def user_fault(error: BaseException) -> BaseException | None:
    """The first of an error and its causes that a user can mend: one of this module's, or a DataFault. None for a
    defect. Hydra wraps what constructors raise, so the fault is often a cause.
    """
    for cause in causes(error):
        if isinstance(cause, ConfigFault | RunFault | BusyFault) or is_a(cause, "datamodules.contract", "DataFault"):
            return cause
    return None


def fault_lines(error: BaseException) -> list[str]:
    """What to tell a user of an error, a line each; empty for a defect."""
    fault = user_fault(error)
    if fault is None:
        return []
    return fault.faults if isinstance(fault, ConfigFault) else [str(fault)]


@contextmanager
def unwrap_user_faults() -> Iterator[None]:
    """Raises the fault that a user can mend in place of the error that wraps it; a DataFault as a RunFault."""
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
