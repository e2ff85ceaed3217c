"""Whether several seeds train faster as one batch of models than one after the other.

    OMP_NUM_THREADS=1 python scripts/measure_stacked.py --seeds 5

alone: forward and backward of one model. stacked: the same of all seeds at once, their weights stacked along a new axis
(torch.func.stack_module_state, functional_call, vmap), each with draws of its own. ratio: stacked, divided by seeds and
by alone; below 1 it pays. Optimiser and batch are left out of both.
"""

import argparse
import copy
import sys
from collections.abc import Mapping

import measuring
from measuring import Row, Subject
from torch import Tensor, nn
from torch.func import functional_call, grad, stack_module_state, vmap

from benchmark.process.program import program

MECHANISMS = "none,ram,dram"


class Loss(nn.Module):
    """The loss of a model on one batch."""

    def __init__(self, one: Subject):
        super().__init__()
        module = one.built.module
        self.rnn, self.objective = module.rnn, module.objective
        self.step, self.batch = module.train_step, one.batch

    def forward(self) -> Tensor:
        loss: Tensor = self.step(self.rnn, self.objective, self.batch)["loss"]
        return loss


def measured(attention: str, choice: argparse.Namespace, digits: str) -> Row:
    one = measuring.subject_of(attention, choice, digits)
    loss = Loss(one).train()
    parameters, buffers = stack_module_state([copy.deepcopy(loss) for _ in range(choice.seeds)])

    def of_one(weights: Mapping[str, Tensor], rest: Mapping[str, Tensor]) -> Tensor:
        found: Tensor = functional_call(loss, (dict(weights), dict(rest)), ())
        return found

    of_all = vmap(grad(of_one), randomness="different")

    def alone() -> None:
        loss.zero_grad()
        loss().backward()

    actions = {"alone": alone, "stacked": lambda: of_all(parameters, buffers)}
    taken = measuring.seconds(actions, choice.rounds, one.device)
    return {
        "attention": attention,
        "batch": len(one.batch.image),
        "seeds": choice.seeds,
        "alone, ms": 1000 * taken["alone"],
        "stacked, ms": 1000 * taken["stacked"],
        "ratio": taken["stacked"] / taken["alone"] / choice.seeds,
    }


def measure(choice: argparse.Namespace) -> list[Row]:
    with measuring.sample_digits() as digits:
        return [measured(attention, choice, digits) for attention in choice.attention.split(",")]


@program
def main() -> int:
    parser = measuring.by_mechanism(__doc__, "digit_pairs", MECHANISMS)
    parser.add_argument("--seeds", type=int, default=5, help="models in one batch (default: %(default)s)")
    return measuring.main(measure, parser, "Several seeds as one batch of models")


if __name__ == "__main__":
    sys.exit(main())
