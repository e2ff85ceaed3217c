"""How long captions take to score: ours, and COCO's own code where pycocoevalcap is installed, in turns in one run.

python scripts/measure_captions.py [--images 5000] [--training 113287] [--rounds 3]

Captions are made up, of 10,000 words as frequent as words are (Zipf's law); candidates are references with a third of
their words exchanged, and a tenth of what is split into words has a comma, as in COCO. Scores are compared before
anything is measured. The reward is measured against a training set of five captions an image, on a batch of 64 images
with 5 samples each.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence

import measuring
import numpy as np
import torch

from benchmark.metrics.caption.bleu import bleu
from benchmark.metrics.caption.cider import cider_d
from benchmark.metrics.caption.ngrams import captions, count
from benchmark.metrics.caption.reward import CiderReward
from benchmark.metrics.caption.rouge import rouge_l
from benchmark.metrics.caption.tokens import tokenized
from benchmark.process.program import program

VOCABULARY = 10_000
LENGTHS, SHARE = np.arange(7, 19), np.array([1, 6, 14, 14, 9, 6, 4, 2, 1, 1, 1, 1])
"""Words of a caption, about as in COCO."""
LETTERS = str.maketrans("0123456789", "abcdefghij")
BATCH, SAMPLES = 64, 5


def made_up(images: int, seed: int) -> list[list[list[int]]]:
    """Five captions of each image as numbers of words: one, and four more that share two thirds of its words."""
    draw = np.random.default_rng(seed)
    frequency = 1 / np.arange(1, VOCABULARY + 1)
    length = draw.choice(LENGTHS, images, p=SHARE / SHARE.sum())
    word = draw.choice(VOCABULARY, (images, 5, LENGTHS[-1]), p=frequency / frequency.sum())
    word[:, 1:] = np.where(draw.random(word[:, 1:].shape) < 2 / 3, word[:, :1], word[:, 1:])
    return [[row[:words].tolist() for row in rows] for rows, words in zip(word, length, strict=True)]


def written(caption: Sequence[int]) -> str:
    return " ".join(map(str, caption)).translate(LETTERS)


def six(candidates: list[str], references: list[list[str]]) -> list[np.ndarray]:
    """Per image, in the order of the table."""
    read = captions(candidates, references)
    counts = count(read)
    return [*bleu(read, counts).image_KN, rouge_l(candidates, references), cider_d(read, counts)]


def ours(candidates: list[str], references: list[list[str]]) -> dict[str, measuring.Action]:
    def counted(score: object) -> object:
        read = captions(candidates, references)
        return score(read, count(read))  # type: ignore[operator]

    return {
        "BLEU-1 to 4": lambda: counted(bleu),
        "ROUGE-L": lambda: rouge_l(candidates, references),
        "CIDEr-D": lambda: counted(cider_d),
        "all six": lambda: six(candidates, references),
    }


def theirs(candidates: list[str], references: list[list[str]]) -> dict[str, measuring.Action]:
    said = {place: [text] for place, text in enumerate(candidates)}
    truth = dict(enumerate(references))

    def score(name: str, **more: int) -> np.ndarray:
        module = importlib.import_module(f"pycocoevalcap.{name}.{name}")
        return np.atleast_2d(getattr(module, name.capitalize())().compute_score(truth, said, **more)[1])

    def every() -> np.ndarray:
        return np.concatenate([score("bleu", verbose=0), score("rouge"), score("cider")])

    apart = np.abs(np.stack(six(candidates, references)) - every()).max()
    if apart > 1e-9:
        raise ValueError(f"scores differ from those of pycocoevalcap by {apart}")
    return {"BLEU-1 to 4": lambda: score("bleu", verbose=0), "ROUGE-L": lambda: score("rouge"),
            "CIDEr-D": lambda: score("cider"), "all six": every}  # fmt: skip


def reward(images: int, device: torch.device) -> dict[str, measuring.Action]:
    references = made_up(images, 1)
    prepared = CiderReward(references, VOCABULARY + 1, VOCABULARY).to(device)
    index = torch.randint(images, (BATCH,), generator=torch.Generator().manual_seed(0)).repeat_interleave(SAMPLES)
    rows = torch.full((len(index), LENGTHS[-1] + 1), VOCABULARY)
    for row, image in enumerate(index.tolist()):
        said = references[image][row % 5]
        rows[row, : len(said)] = torch.tensor(said)
    rows, index = rows.to(device), index.to(device)
    return {
        f"reward, {BATCH} x {SAMPLES} captions": lambda: prepared(rows, index),
        f"reward, preparing {images} images": lambda: CiderReward(references, VOCABULARY + 1, VOCABULARY),
    }


def measure(choice: argparse.Namespace) -> list[measuring.Row]:
    references = [[written(text) for text in several] for several in made_up(choice.images, 0)]
    candidates, references = [several[0] for several in references], [several[1:] for several in references]
    mine = ours(candidates, references)
    raw = [f"A {text}{'' if place % 10 else ', too'}." for place, text in enumerate(candidates)]
    mine |= {f"words of {len(raw)} captions": lambda: tokenized(raw), **reward(choice.training, choice.device)}
    other = theirs(candidates, references) if importlib.util.find_spec("pycocoevalcap") else {}
    actions = mine | {f"theirs {name}": action for name, action in other.items()}
    taken = measuring.seconds(actions, choice.rounds, choice.device)
    rows: list[measuring.Row] = []
    for name in mine:
        slow = taken.get(f"theirs {name}")
        beside = (
            {"pycocoevalcap, s": slow, "ratio": slow / taken[name]} if slow else {"pycocoevalcap, s": "", "ratio": ""}
        )
        rows.append({"what": name, "ours, s": taken[name], **beside})
    return rows


@program
def main() -> int:
    parser = measuring.arguments(__doc__)
    parser.add_argument("--images", type=int, default=5000, help="that are scored (default: %(default)s)")
    parser.add_argument("--training", type=int, default=113_287, help="images of the reward (default: %(default)s)")
    parser.set_defaults(rounds=3)
    return measuring.main(measure, parser, "Captions")


if __name__ == "__main__":
    sys.exit(main())
