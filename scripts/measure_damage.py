"""What becomes of damaged files: each format damaged some hundreds of times, each time read as the harness reads it.

python scripts/measure_damage.py [--mutations 400] [--only WORD] [--json FILE] [--kills 60]

Each reading happens in a process of its own kind: with limits of memory and time, and replaced when it dies. The table
tells for each format how many of the damaged files were read right (or damaged where nobody reads), were refused in
words that name the file, were read as something else without a word, or ended in a traceback, a crash, a hang or in
more memory than a tiny file may cost. --json writes each reading that was not as it should be, so that it can be
repeated: a mutation depends on the format's name and its number alone. --kills ends real sweeps with kill -9 at moments
drawn at random, starts them again, and compares what they leave with an undisturbed sweep (--mutations 0: only that).
Killed are the sweep's process, processes of its runs and, on a cluster, --daemons, which --mend starts again:

python scripts/measure_damage.py --mutations 0 --kills 20 --launcher hydra/launcher=ray hydra.launcher.address=HOST:PORT
    --daemons raylet --mend 'ray start --address=HOST:PORT'
"""

import argparse
import json
import platform
import random
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

from damage import FormatReader
from damage_data_files import READERS as DATA_READERS
from damage_kill import Under, killed_sweeps
from damage_run_files import READERS as RUN_READERS
from damage_workshop import TrialOutcome, Workshop

from benchmark.process.program import program

COLUMNS = ["right or unnoticeable", "refused in words", "file not named", "wrong", "traceback", "crash", "hang/memory"]
BAD = COLUMNS[2:]


def trials(name: str, reader: FormatReader, mutations: int, folder: Path) -> list[TrialOutcome]:
    """The outcome of each mutation of one format, in order."""
    with Workshop(name, reader, folder) as workshop:
        return [workshop.trial(number, random.Random(f"{name}/{number}")) for number in range(mutations)]


def table(counts: dict[str, Counter[str]]) -> str:
    """In Markdown, with a line of sums."""
    lines = [f"| format | mutations | {' | '.join(COLUMNS)} |", f"|---|{'---:|' * (len(COLUMNS) + 1)}"]
    whole: Counter[str] = sum(counts.values(), Counter())
    for name, count in {**counts, "**all**": whole}.items():
        lines.append(f"| {name} | {count.total():,} | {' | '.join(f'{count[column]:,}' for column in COLUMNS)} |")
    return "\n".join(lines)


def command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutations", type=int, default=400, help="of each format (default: %(default)s)")
    parser.add_argument("--only", default="", metavar="WORD", help="formats whose name has this word in it")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write each reading that was not as it should be")
    parser.add_argument("--kills", type=int, default=0, help="kill -9 so many times (default: %(default)s)")
    parser.add_argument("--launcher", nargs="+", default=[], metavar="OVERRIDE", help="of the killed sweeps")
    parser.add_argument("--daemons", nargs="+", default=[], metavar="NAME", help="processes of a cluster to kill too")
    parser.add_argument("--mend", default="", metavar="COMMAND", help="starts killed daemons again")
    return parser


@program
def main() -> int:
    choice = command_line().parse_args()
    warnings.simplefilter("ignore")
    counts: dict[str, Counter[str]] = {}
    told: list[dict[str, Any]] = []
    readers = {name: reader for name, reader in {**DATA_READERS, **RUN_READERS}.items() if choice.only in name}
    began = time.monotonic()
    for name, reader in readers.items() if choice.mutations else ():
        with tempfile.TemporaryDirectory() as scratch:
            found = trials(name, reader, choice.mutations, Path(scratch))
        counts[name] = Counter(outcome.kind for outcome in found)
        told += [{"format": name, **outcome._asdict()} for outcome in found if outcome.kind in BAD]
        print(f"{name}: {dict(counts[name])}", file=sys.stderr)
    if counts:
        print(table(counts))
    if choice.kills:
        print("\n".join(killed_sweeps(choice.kills, Under(choice.launcher, choice.daemons, choice.mend))))
    machine = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    print(f"\n{machine}, {time.monotonic() - began:.0f} s")
    if choice.json:
        choice.json.write_text(json.dumps(told, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
