"""From the overrides of a run to the subjects of contracts: each named choice, and what it is checked with."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

from benchmark.check import choice, data, measure, mechanism, objective
from benchmark.check.contract import Contract, ContractFault, broken
from benchmark.check.given import Given
from benchmark.common.blame import packages_of
from benchmark.common.errors import ConfigFault
from benchmark.config.compose import Composer
from benchmark.config.overrides import Overrides

OF = {"data": data.CONTRACTS, "attention": mechanism.CONTRACTS, "metrics": measure.CONTRACTS,
      "objective": objective.CONTRACTS}  # fmt: skip
"""Contracts of a group's choices, besides those of every yaml."""

AROUND = {"attention": "none", "data": "digit_pairs_ordered"}
"""Default choices where none is named: a mechanism that goes with every task, and sequences that need no file."""

ONE_SYMBOL = "digit_pairs"
"""A task of one symbol; a mechanism named alone is run on both tasks."""


class CheckSubject(NamedTuple):
    """choice: as it was named. make: composes its configuration, once. beside: what it is tried with; "" for its own
    contracts.
    """

    choice: str
    contracts: tuple[Contract, ...]
    make: Callable[[], Given]
    beside: str = ""

    @property
    def title(self) -> str:
        """What is checked, in words."""
        return self.choice + (f" with {self.beside}" if self.beside else "")

    def broken(self, contract: Contract) -> list[str]:
        """All faults of one of its contracts."""
        try:
            given = self.make()
            packages = packages_of(given.plain)
        except ConfigFault as fault:
            return fault.faults
        return broken(contract, given, packages)


class Case(NamedTuple):
    """One contract of one subject, called by a test."""

    subject: CheckSubject
    contract: Contract

    def __call__(self) -> None:
        """Raises ContractFault with all faults."""
        if found := self.subject.broken(self.contract):
            raise ContractFault("\n  ".join([f"{self.subject.title}: {self.contract.promise}. It does not:", *found]))


def subjects(composer: Composer, texts: Sequence[str]) -> list[CheckSubject]:
    """The subjects that overrides name. Raises ConfigFault with all faults of the overrides, or where they name no
    choice.
    """
    around = _around(composer, texts, "attention", "experiment")
    typed = Overrides(composer, [*around, *texts], sweep=False)
    if faults := typed.faults():
        raise ConfigFault(faults)
    named = {o.key_or_group: str(o.value()) for o in typed.groups if str(o.input_line) in texts}
    if not named:
        raise ConfigFault([f"name what to check, as for a run: {', '.join(f'{group}=...' for group in OF)}"])
    found = []
    for group, name in named.items():
        tasks = [] if group == "data" else _around(composer, texts, "data", "experiment")
        found.append(
            _subject(composer, [*around, *tasks, *texts], group, name, (*choice.CONTRACTS, *OF.get(group, ())))
        )
    if "attention" in named and not {"data", "experiment"} & set(named):
        alone = [f"data={ONE_SYMBOL}", *texts]
        found.append(_subject(composer, alone, "attention", named["attention"], mechanism.RUNS, alone[0]))
    if "data" in named and not {"attention", "experiment"} & set(named):
        for each in composer.choices("attention"):
            around = [f"attention={each}", *texts]
            found.append(_subject(composer, around, "data", named["data"], mechanism.RUNS, around[0]))
    return found


def cases(composer: Composer, texts: Sequence[str]) -> list[Case]:
    """All contracts of all subjects that overrides name. Raises ConfigFault."""
    return [Case(subject, contract) for subject in subjects(composer, texts) for contract in subject.contracts]


def _around(composer: Composer, texts: Sequence[str], group: str, *others: str) -> list[str]:
    """The default choice of a group, where the overrides name neither it nor one of the others."""
    named = {text.split("=")[0].lstrip("+") for text in texts}
    return [] if named & {group, *others} else [f"{group}={AROUND[group]}"]


def _subject(composer: Composer, texts: Sequence[str], group: str, name: str, contracts: tuple[Contract, ...],
             beside: str = "") -> CheckSubject:  # fmt: skip
    @cache
    def make() -> Given:
        return Given(composer.job(texts), group, name)

    return CheckSubject(f"{group}={name}", contracts, make, beside)
