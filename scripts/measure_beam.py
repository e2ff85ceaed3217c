"""How fast is beam search over a batch, against one image at a time?

    python scripts/measure_beam.py
    python scripts/measure_beam.py --width 3 --words 2000 --images 100

Three ways to the same sequences: one image and one hypothesis after another, as the search is told in papers and
written in most ports; one image at a time, its hypotheses as rows of a batch; all images and hypotheses at once.
Soft attention over a 14 x 14 map of 512 channels, as Show, Attend and Tell has it, with weights as they are drawn:
nothing ends early, so every image goes through all steps, whichever way. The map itself is given: what the search
costs is measured, and no encoder.
"""

import argparse
import sys

import measuring
import torch

from benchmark.build import build_rnn
from benchmark.model.attention.distribution import mode
from benchmark.model.decoder.base import State
from benchmark.model.decoding.rollout import Unroll
from benchmark.process.program import program
from datamodules.contract import IGNORED, TaskSpec

SIDE, CHANNELS = 14, 512
MODEL = ("attention=item_soft", "encoder.layers=[]", "look.glimpses=1", "decoding=beam")


def task(words: int, steps: int) -> TaskSpec:
    symbols = tuple(f"word {number}" for number in range(words))
    return TaskSpec("captions", "synthetic", (CHANNELS, SIDE, SIDE), symbols, steps, words - 1, 0.0, ())


def measure(choice: argparse.Namespace) -> list[measuring.Row]:
    sizes = (f"decoder.hidden_size={choice.hidden}", "look.symbol_size=512", f"decoding.width={choice.width}")
    torch.manual_seed(0)
    spec = task(choice.words, choice.steps)
    rnn = build_rnn(measuring.composer().job([*MODEL, *sizes]), spec).to(choice.device).eval()
    image = torch.randn(choice.images, *spec.image_shape, device=choice.device)
    boxes = image.new_zeros(choice.images, 0, 4)

    @torch.inference_mode()
    def in_batches_of(size: int) -> torch.Tensor:
        parts = zip(image.split(size), boxes.split(size), strict=True)
        return torch.cat([rnn(one, box, None, 1, mode).symbol for one, box in parts])

    @torch.inference_mode()
    def by_hypothesis() -> torch.Tensor:
        loops = (rnn.start_unroll(image[i : i + 1], boxes[i : i + 1], 1, mode) for i in range(len(image)))
        return torch.tensor([searched(loop, choice.width) for loop in loops])[:, None].to(choice.device)

    ways = {
        "one hypothesis": by_hypothesis,
        "one image": lambda: in_batches_of(1),
        "all images": lambda: in_batches_of(choice.images),
    }
    found = {name: way() for name, way in ways.items()}
    spent = measuring.seconds(ways, choice.rounds, choice.device)
    return [
        {
            "at once": name,
            "ms an image": 1000 * seconds / choice.images,
            "all at once is so many times as fast": seconds / spent["all images"],
            "share of equal sequences": (found[name] == found["all images"]).all(-1).float().mean().item(),
        }
        for name, seconds in spent.items()
    ]


def searched(loop: Unroll, width: int) -> list[int]:
    """The best sequence of one image, hypothesis by hypothesis; IGNORED after its end."""
    live: list[tuple[list[int], float, State]] = [([], 0.0, loop.state)]
    done: list[tuple[list[int], float, State]] = []
    for t in range(loop.steps):
        grown = []
        for said, score, state in live:
            step = loop.step(
                state, torch.tensor([said[-1] if said else loop.start_symbol], device=loop.state[0][0].device), t
            )
            best = step.logits[0].log_softmax(-1).topk(width)
            grown += [
                ([*said, symbol], score + log_p, step.state)
                for log_p, symbol in zip(best.values.tolist(), best.indices.tolist(), strict=True)
            ]
        live = []
        for one in sorted(grown, key=lambda one: -one[1])[: width - len(done)]:
            (done if one[0][-1] == loop.end else live).append(one)
        if not live:
            break
    best_said = max(done or live, key=lambda one: one[1])[0]
    return [*best_said, *[IGNORED] * (loop.steps - len(best_said))]


@program
def main() -> int:
    parser = measuring.arguments(__doc__)
    parser.set_defaults(rounds=3)
    numbers = {"width": 5, "images": 32, "words": 10_000, "hidden": 512, "steps": 17}
    for name, usual in numbers.items():
        parser.add_argument(f"--{name}", type=int, default=usual, help="(default: %(default)s)")
    return measuring.main(measure, parser, "Beam search")


if __name__ == "__main__":
    sys.exit(main())
