"""What the scripts that list faults share: their command line, and what they say."""

import argparse
from collections.abc import Callable
from pathlib import Path

from benchmark.program import program


@program
def run(what: str, faults_of: Callable[[Path, int], tuple[list[str], list[str]]]) -> int:
    """faults_of(folder, threads): what was looked at, and all faults, a line each. Gives the exit code."""
    parser = argparse.ArgumentParser(description=f"List all faults of a folder of {what}.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, default=4, help="threads that decode (default: %(default)s)")
    choice = parser.parse_args()
    seen, faults = faults_of(choice.folder, choice.workers)
    print("\n".join([*seen, *faults, f"{len(faults)} faults" if faults else "no fault"]))
    return 1 if faults else 0
