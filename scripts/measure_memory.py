"""The most memory that a training step holds at once, by number of glimpses and by side of the canvas.

    OMP_NUM_THREADS=1 python scripts/measure_memory.py

Counted is what the tensors of one step take on top of parameters and batch: forward, backward, clipping, optimiser.
one more: what each glimpse adds between the last two numbers of glimpses. Hard location-wise attention pays the same on
every canvas; what grows with the canvas is the canvas itself, at every scale of the retina.
"""

import argparse
import sys
from collections.abc import Iterator

import measuring
from measuring import Row

from benchmark.evaluation.cost import held_at_once

MEGA = 1e6
FLOAT = 4
"""Bytes of a pixel."""


def measured(attention: str, choice: argparse.Namespace, digits: str) -> Iterator[Row]:
    for side in choice.sides:
        found = {}
        for glimpses in choice.glimpses:
            one = measuring.subject(
                [f"attention={attention}", "data=mnist_pairs", f"data.root={digits}", f"data.canvas={side}",
                 f"attention.glimpses={glimpses}", f"data.batch_size={choice.batch}", *choice.overrides], choice.device
            )  # fmt: skip
            step = measuring.training_step(one)
            step(one.batch)
            one.built.module.zero_grad()
            found[glimpses] = held_at_once(lambda: step(one.batch), choice.device)  # noqa: B023  # called at once
        *_, before, last = found
        yield {
            "attention": attention,
            "canvas, px": str(side),
            "batch, MB": choice.batch * side**2 * FLOAT / MEGA,
            **{f"{glimpses} glimpses, MB": held / MEGA for glimpses, held in found.items()},
            "one more, MB": (found[last] - found[before]) / (last - before) / MEGA,
        }


def measure(choice: argparse.Namespace) -> list[Row]:
    with measuring.sample_digits() as digits:
        names = choice.attention.split(",") if choice.attention else measuring.composer().choices("attention")
        return [row for name in names for row in measured(name, choice, digits)]


if __name__ == "__main__":
    parser = measuring.arguments(__doc__)
    parser.add_argument("--attention", metavar="A,B", help="default: every one there is")
    parser.add_argument("--sides", nargs="+", type=int, default=[60, 100, 200], help="px (default: %(default)s)")
    parser.add_argument("--glimpses", nargs="+", type=int, default=[4, 8, 16], help="default: %(default)s")
    parser.add_argument("--batch", type=int, default=32, help="images of a step (default: %(default)s)")
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="knobs, as on the command line of a run")
    sys.exit(measuring.main(measure, parser, "Peak memory of a training step"))
