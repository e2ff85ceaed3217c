"""Search the best setting of each mechanism, with the same number of trials for each.

    python -m benchmark.search attention=dram,item_soft search=learning_rate budget=20 study=tuned
    python -m benchmark.search attention=dram,ram data=mnist_pairs 'optimizer.make.lr=tag(log,interval(1e-4,1e-2))'
    python -m benchmark.search 'attention=glob(*)' search=[learning_rate,exploration] hydra/launcher=slurm
    python -m benchmark.search ... --dry-run --config-dir FOLDER

Ranges of any knob or group, in Hydra's syntax: interval(1e-4,1e-2), int(interval(32,256)), range(2,9,2), choice(a,b),
and tag(log,interval(..)) for a logarithmic scale; or yamls of conf/search, named by search=. What has one value is the
same in all runs. Several values of attention and data are searched each with a budget of its own; of seed, each trial
is run with all of them. Settings: budget, proposals, together, warmup, poll_seconds, sampler, pruner and out, explained
in conf/search.yaml. hydra/launcher and hydra.launcher.* are those of a sweep.

Optuna proposes; what it is told is the primary metric on the validation split, and never the test. Trials are runs in
runs/<study>/. The same command again goes on where it was, whatever ended it, and a larger budget= adds trials. At the
end: a table, runs/<study>/search.json, and the best setting of each mechanism as an experiment. --dry-run checks all
that, and starts nothing. Needs Optuna: pip install '.[search]'. Exit code: 0 done, 1 a trial is open, 2 wrong input.
"""

import sys
from collections.abc import Sequence
from functools import partial

from benchmark.common.errors import ConfigFault
from benchmark.config.command_line import DRY_RUN, folder_command, taken_out
from benchmark.config.compose import Composer
from benchmark.process.program import program


@program
def main() -> int:
    """The command line."""
    return folder_command(__doc__, partial(_carry_out, taken_out(DRY_RUN)))


def _carry_out(dry: bool, arguments: Sequence[str], composer: Composer) -> int:
    try:
        import optuna  # noqa: F401 - an extra
    except ImportError:
        raise ConfigFault(["a search needs Optuna: pip install 'rnn-attention-benchmark[search]'"]) from None
    from benchmark.search.command import search  # imports PyTorch and Optuna, which --help does not need

    return search(composer, arguments, dry)


if __name__ == "__main__":
    sys.exit(main())
