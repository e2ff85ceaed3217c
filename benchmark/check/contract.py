"""A contract: a promise in words, and a check that yields what breaks it, a line each."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, final

from benchmark.common.blame import described
from benchmark.common.errors import ConfigFault, RunFault
from datamodules.contract import DataFault


@final
class ContractFault(AssertionError):  # noqa: N818  # what was written has a fault; the check has no error
    """A contract that is broken: which, and everything that breaks it."""


class Contract(NamedTuple):
    """says: the promise. faults: of what is given to it, none where it is kept. first: what others rest on; where it is
    broken they cannot be looked at.
    """

    promise: str
    faults: Callable[[Any], Iterator[str]]
    first: bool = False


def broken(contract: Contract, given: Any, packages: set[str]) -> list[str]:
    """All that breaks a contract. packages: whose code is checked; what that raises is told with its line."""
    found: list[str] = []
    try:
        for fault in contract.faults(given):
            found.append(fault)
    except ConfigFault as fault:
        found += fault.faults
    except (DataFault, RunFault) as fault:
        found.append(str(fault))
    except Exception as error:  # whatever the checked code stumbles over
        found.append(described(error, packages))
    return found
