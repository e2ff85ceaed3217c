"""What a user can mend: shown as a message, never as a traceback."""

from collections.abc import Iterator
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
