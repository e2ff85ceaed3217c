"""Checks a part of your own against its contracts: python -m benchmark.check data=NAME data.root=FOLDER.

Name what to check as for a run: data=, attention=, metrics=, objective=, several at once, or a choice of any other
group; knobs too. A data set named alone is run with every mechanism, a mechanism named alone on small data sets.
Exit code 0: all contracts are kept, 1: some are broken, 2: wrong input.
"""

import argparse
import logging
import warnings
from collections.abc import Sequence
from typing import NamedTuple

from benchmark.check.subjects import CheckSubject, subjects
from benchmark.common.moved import renamed
from benchmark.config.compose import Composer, register_plugins
from benchmark.process.program import program

BROKEN = 1


@program
def main() -> int:
    """The entry point."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("python -m benchmark.check", description=__doc__, formatter_class=raw)
    parser.add_argument("overrides", nargs="*", help="data=NAME attention=NAME data.root=FOLDER ...")
    parser.add_argument("--config-dir", help="a folder of configurations that no installed package brings")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    register_plugins()
    found = subjects(Composer(arguments.config_dir), list(renamed(arguments.overrides).values()))
    wrong = check(found)
    kept = sum(len(subject.contracts) for subject in found) - wrong
    print(f"{kept} contracts kept, {wrong} not" if wrong else f"all {kept} contracts are kept")
    return BROKEN if wrong else 0


def check(found: Sequence[CheckSubject]) -> int:
    """Checks subjects in turn; those of a choice that broke what all depends on are not tried any further. Returns how
    many contracts are not kept.
    """
    wrong, unusable = 0, set[str]()
    for subject in found:
        if subject.choice in unusable:
            print(f"{subject.title}: not checked, as the contracts above are broken", flush=True)
            wrong += len(subject.contracts)
            continue
        reported = report(subject)
        wrong += reported.wrong
        unusable |= {subject.choice} if reported.blocked else set()
    return wrong


class Reported(NamedTuple):
    """wrong: how many contracts of a subject are not kept, including those that could not be checked. blocked: whether
    one that the following depend on is broken.
    """

    wrong: int
    blocked: bool


def report(subject: CheckSubject) -> Reported:
    """Prints each contract and its faults."""
    print(subject.title, flush=True)
    blocked, wrong = False, 0
    for contract in subject.contracts:
        faults = [] if blocked else subject.broken(contract)
        wrong += bool(blocked or faults)
        print(f"  {'-    ' if blocked else 'wrong' if faults else 'ok   '}  {contract.promise}", flush=True)
        for fault in faults:
            print("\n".join(f"           {line}" for line in fault.splitlines()), flush=True)
        if faults and contract.first and not blocked:
            blocked = True
            print("         the following contracts depend on it and are not checked")
    return Reported(wrong, blocked)


if __name__ == "__main__":
    raise SystemExit(main())
