"""The command line of the status: python -m benchmark.status runs/<study>."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmark.process.program import program
from benchmark.process.terminal import of_output
from benchmark.status.show import Watched, as_json, drawing, lines
from benchmark.status.studies import Standings, Studies

WATCH_SECONDS = 2.0
"""Between two readings with --watch."""
REST_SECONDS = 15.0
"""How long nothing has to run before watching ends: a sweep takes seconds to start the next run."""


def parser() -> argparse.ArgumentParser:
    """The command line's arguments."""
    made = argparse.ArgumentParser(
        prog="python -m benchmark.status",
        description="Show which runs of a study are done, running, interrupted, failed, damaged, or dead: their status "
        "says running, and their process is gone or silent. What needs attention comes first. Only folders are read, "
        "so that it works while a sweep runs, after it died, and from another machine on a shared disk. Runs that no "
        "process has begun have no folder and are not shown.",
        epilog="Exit code: 0 no run failed, 1 a run failed, died or is damaged, 2 wrong input. "
        "Example: python -m benchmark.status runs/compare --watch",
    )
    made.add_argument("folders", type=Path, nargs="+", metavar="FOLDER", help="a study's, or one of studies")
    how = made.add_mutually_exclusive_group()
    how.add_argument("--watch", action="store_true", help="redraw until nothing runs")
    how.add_argument("--json", action="store_true", help="print one JSON object")
    return made


@program
def main(arguments: Sequence[str] | None = None) -> int:
    """Show the standing of runs. Exit code: 0 no run failed, 1 one failed, died or is damaged, 2 wrong input."""
    given = parser().parse_args(arguments)
    studies = Studies(given.folders)
    found = watched(studies) if given.watch else studies.read()
    if given.json:
        print(as_json(found))
    elif sys.stdout.isatty():
        Console().print(drawing(found, len(found.runs)))
    else:
        print("\n".join(lines(found)))
    return found.exit_code


def watched(studies: Studies) -> Standings:
    """Shows the standings until nothing runs, and returns the last ones."""
    seen = -REST_SECONDS
    with of_output(True) as console:  # watching ends with its reader
        while True:
            found = studies.read()
            console.now(Watched(found))
            now = time.monotonic()
            if found.running:
                seen = now
            elif now - seen >= REST_SECONDS:
                return found
            time.sleep(WATCH_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
