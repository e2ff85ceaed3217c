"""Evaluate a stored run again: on other data, with another decoding, or with more trajectories.

    python -m benchmark.evaluate run=runs/mnist/ram/mnist_translated/seed=0
    python -m benchmark.evaluate run=FOLDER data=mnist_cluttered data.clutter=8 data.root=FOLDER
    python -m benchmark.evaluate run=FOLDER decoding=beam decoding.width=3 evaluation.samples=20
    python -m benchmark.evaluate run=FOLDER out=NAME again=true --config-dir FOLDER

Scores the best checkpoint of a finished or stopped run on the test split, with the same numbers as the run's own test
where nothing is chosen otherwise. Writes record.json, predictions.npz and pictures/ into <run>/evaluations/<name>/,
named by what differs, or as out= says. Nothing that the run has left is changed. A finished evaluation is skipped, and
again=true repeats it. Other data need the same image channels and the same symbols. The folder may be untrusted: only
classes that installed yamls name are built; --config-dir adds a folder of yamls.
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


def _carry_out(arguments: Sequence[str], composer: Composer) -> None:
    from benchmark.evaluating import evaluate, parse_arguments  # imports PyTorch, which --help does not need

    evaluate(parse_arguments(arguments), composer)


if __name__ == "__main__":
    sys.exit(main())
