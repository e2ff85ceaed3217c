"""What a user can mend: shown as a message, never as a traceback."""

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
