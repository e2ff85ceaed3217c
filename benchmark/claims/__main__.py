"""What the survey claims, and what holds: one page of verdicts from the runs that decide each claim.

    python -m benchmark.claims list
    python -m benchmark.claims run learned_looks clutter budget=15
    python -m benchmark.claims run mnist=FOLDER hydra.launcher.jobs=2
    python -m benchmark.claims report

list     the claims, their tasks and what each still needs
run      executes the runs that have no record, the cheapest claim first, and writes the page. It says before how many
         runs these are and how long they are expected to take. The same command again goes on
report   writes the page from the runs that are there, and says what is missing

Names choose claims; none: all of them. A claim is a yaml of conf/claim/, of --config-dir or of an installed package.
budget=MINUTES   stops before the claim whose runs do not fit any more
seeds=N          of each arm, in place of what the claim asks for: fewer find less, and the page says how many there are
mnist=FOLDER     where data are; which names there are, list says. Claims whose data are not given are left out
study=claims     of the runs: runs/<study>/; runs=FOLDER of all studies
out=FOLDER       of the page (default: <runs>/<study>/claims)
hydra/launcher, hydra.launcher.*: how runs are launched, as of a sweep

The page: index.html, claims.md. Exit code: 0 done, 1 a run failed, 2 wrong input.
"""

import sys
from collections.abc import Sequence

from benchmark.config.command_line import folder_command
from benchmark.config.compose import Composer
from benchmark.process.program import program


@program
def main() -> int:
    """The command line."""
    return folder_command(__doc__, _carry_out)


def _carry_out(arguments: Sequence[str], composer: Composer) -> int:
    from benchmark.claims.command import carry_out  # imports PyTorch, which --help does not need
    from benchmark.claims.request import parse_request

    return min(1, carry_out(parse_request(composer, arguments), composer))


if __name__ == "__main__":
    sys.exit(main())
