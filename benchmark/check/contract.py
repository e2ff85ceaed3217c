"""A contract: a promise in words, and a check that yields its faults, a line each."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, final

from benchmark.common.blame import described
from benchmark.common.errors import ConfigFault, RunFault
from datamodules.contract import DataFault


@final
class ContractFault(AssertionError):  # noqa: N818  # the fault is in the checked part, not in the check
    """A broken contract, with all its faults."""


class Contract(NamedTuple):
    """promise: what the contract promises. faults: yields the faults of a subject, none where the contract is kept.
    first: whether the following contracts depend on it; if it is broken they are not checked.
    """

    promise: str
    faults: Callable[[Any], Iterator[str]]
    first: bool = False


def broken(contract: Contract, given: Any, packages: set[str]) -> list[str]:
    """All faults of a contract. packages: those whose code is checked; their exceptions are reported with the line."""
    found: list[str] = []
    try:
        for fault in contract.faults(given):
            found.append(fault)
    except ConfigFault as fault:
        found += fault.faults
    except (DataFault, RunFault) as fault:
        found.append(str(fault))
    except Exception as error:  # the checked code may raise anything
        found.append(described(error, packages))
    return found
