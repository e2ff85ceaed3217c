"""Measure estimators of the gradient on the same weights and the same batches: variance, bias, time, memory.

    python -m benchmark.gradients attention=item_hard look.glimpses=1 objective=reinforce,vimco,gumbel,exact study=meter
    python -m benchmark.gradients attention=dram objective=reinforce,nvil baseline=none,leave_one_out,state
    python -m benchmark.gradients run=FOLDER objective=reinforce,vimco objective.samples=2,5,20 draws=200
    python -m benchmark.gradients run=FOLDER out=NAME again=true --config-dir FOLDER

objective=, baseline=, reward= and knobs of them, each with one value or several, name the estimators: every
combination that makes a difference. They do not change how the run is trained. run= is the folder of a run that has
trained; data.KNOB= says where its data are, or of how many images a batch is. Without run= all else is a run's, as of
python -m benchmark.run: it is trained first, or resumed, or skipped where it is finished, and keeps checkpoints of its
start, middle and end (callbacks=kept_checkpoints). Of a run without these its start, best and last epoch are taken.

For each estimator, at each point of training, of the gradient of one training step:
  variance   the trace of its covariance over draws of glimpses, for the weights that only the policy has, and for all
             others
  bias       the distance of its mean from the gradient of the bound, and from that of log p(y), as a share of their
             norm, where all trajectories can be enumerated (objective.most): items, and few glimpses. "< 5 %" is none
             that three standard errors tell from zero
  ms, MB     of a step, forward and backward
  x time     variance times seconds: what is left of it when steps are as many as fit into the same time

draws=100    gradients of each estimator, a multiple of 10
batches=1    training batches that each of them is a mean over
fit=200      steps in which an estimator's own parameters (a learned baseline) are fitted to the weights at each point

Where all trajectories can be enumerated, the log-likelihoods come apart into log p(y), its bound, and glimpses taken as
the mode or the expectation. Written into <run>/gradients/<name>/: record.json and gradients.png; the report of the
study shows them. The same command again is skipped; again=true repeats it. The folder of run= may be untrusted: only
classes that installed yamls name are built. Exit code: 0 done, 1 a run cannot be used, 2 wrong input.
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
    from benchmark.gradients.command import measure  # imports PyTorch, which --help does not need
    from benchmark.gradients.request import parse_request

    measure(parse_request(composer, arguments), composer)


if __name__ == "__main__":
    sys.exit(main())
