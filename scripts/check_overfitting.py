"""Can a model learn a handful of images by heart? The first question to ask of a new mechanism, task or setting.

    python scripts/check_overfitting.py attention=item_soft data=svhn data.root=FOLDER
    python scripts/check_overfitting.py --images 50 --split train --cider 5 attention=item_soft data=coco2017
        data.root=FOLDER data.jitter.place=0
    python scripts/check_overfitting.py --images 32 --passes 400 attention=dram optimizer.make.lr=0.001

Trains on the first validation images, which are the same in every pass (with --split train on the first training
images, where those are not drawn anew: words are known from there alone), and reads them without being told anything,
as in evaluation, until every symbol of every image is right; of captions, with --cider 5, until their CIDEr-D against
those that were learned is so high, of 10 at most. Nothing is kept. Exit code 1 where that does not come.
A knob of the training stream (windows at random, fresh canvases) has no part in it; the learning rate follows its
schedule over all passes.
"""

import argparse
import itertools
import logging
import sys
import time
import warnings
from collections.abc import Sequence
from math import isfinite
from typing import Any, final

import measuring
import pytorch_lightning as pl
import torch
from hydra.errors import HydraException
from pytorch_lightning.callbacks import Callback
from rich.console import Console
from rich.progress import Progress
from torch.utils.data import DataLoader

from benchmark.build import Built, build
from benchmark.common.errors import ConfigFault
from benchmark.metrics.caption.cider import cider_d
from benchmark.metrics.caption.ngrams import captions, count
from benchmark.metrics.sequence import reading, sequence_correct
from benchmark.model.attention.distribution import mode
from benchmark.process.program import program
from benchmark.training.callbacks.builtin import EpochSeed, seed_all
from datamodules.contract import IGNORED, Batch, DataFault, TaskSpec


@final
class ByHeart(Callback):
    """Reads all images after every few passes, and ends the training when all are right."""

    def __init__(self, batches: Sequence[Batch], every: int, bar: Progress, spec: TaskSpec, cider: float):
        self.batches, self.every, self.bar, self.spec, self.enough = batches, every, bar, spec, cider
        self.cider = 0.0
        self.wrong, self.digits_wrong, self.passes = float("nan"), float("nan"), 0
        self.task = bar.add_task("reading ...")

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.bar.update(self.task, total=trainer.max_epochs)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: Any) -> None:
        self.passes = trainer.current_epoch + 1
        if self.passes % self.every == 0:
            self.read(pl_module)
            trainer.should_stop = self.done
        told = f"{self.wrong:.1%} of images, {self.digits_wrong:.1%} of symbols wrong"
        self.bar.update(self.task, completed=self.passes, description=told)

    @property
    def done(self) -> bool:
        return self.wrong == 0 or self.cider >= self.enough

    def words(self, symbol_BT: torch.Tensor) -> list[str]:
        ends = (IGNORED, self.spec.end)
        return [" ".join(self.spec.symbols[s] for s in row if s not in ends) for row in symbol_BT.tolist()]

    @torch.inference_mode()
    def read(self, module: Any) -> None:
        module.rnn.eval()
        right, symbols_wrong, symbols = [], 0, 0
        said: list[str] = []
        true: list[list[str]] = []
        for batch in self.batches:
            symbol_BT = module.rnn(batch.image, batch.boxes, None, 1, mode).symbol[:, 0]
            right.append(sequence_correct(symbol_BT, batch.target))
            said += self.words(symbol_BT)
            true += [[text] for text in self.words(batch.target)]
            found = reading(symbol_BT, batch.target, module.rnn.end)
            symbols_wrong, symbols = symbols_wrong + int(found.digits_wrong.sum()), symbols + int(found.length.sum())
        module.rnn.train()
        texts = captions(said, true)
        self.cider = float(cider_d(texts, count(texts)).mean())
        self.wrong, self.digits_wrong = 1 - torch.cat(right).float().mean().item(), symbols_wrong / symbols


def first_images(built: Built, split: str, images: int, batch_size: int) -> list[Batch]:
    """The first images of a split, in batches as in training. Raises DataFault where there are fewer."""
    data: Any = built.datamodule
    each = data.each(split)
    held: list[Batch] = []
    for number in range(each.batches):
        held.append(each.batch(0, number, torch.device("cpu")))
        if sum(len(one.image) for one in held) >= images:
            whole = Batch(*(torch.cat(fields)[:images] for fields in zip(*held, strict=True)))
            parts = [field.split(batch_size) for field in whole]
            return [Batch(*fields) for fields in zip(*parts, strict=True)]
    told = sum(len(one.image) for one in held)
    raise DataFault(f"the {split} split has {told} images, not {images}: ask for fewer (--images), or enlarge it.")


def learned(choice: argparse.Namespace) -> bool:
    """Whether all images are read right in the end. Raises ConfigFault or DataFault."""
    config = measuring.composer().job(choice.overrides)
    seed_all(config.seed, "weights")
    built = build(config)
    batches = first_images(built, choice.split, choice.images, choice.batch)
    bar = Progress(*Progress.get_default_columns(), console=Console(stderr=True), transient=True)
    judge = ByHeart(batches, choice.every, bar, built.spec, choice.cider)
    trainer = pl.Trainer(
        max_epochs=choice.passes, accelerator="cpu", logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, callbacks=[EpochSeed(config.seed), judge],
    )  # fmt: skip
    since = time.monotonic()
    with bar:
        trainer.fit(built.module, train_dataloaders=DataLoader(batches, batch_size=None))  # type: ignore[arg-type]
    steps, spent = judge.passes * len(batches), time.monotonic() - since
    print(
        f"{config.attention.name} on {config.data.name}: {judge.wrong:.1%} of {choice.images} images and "
        f"{judge.digits_wrong:.1%} of their symbols wrong after {judge.passes} passes "
        f"({steps:,} steps, {spent:.0f} s){f'; CIDEr-D {judge.cider:.2f}' if isfinite(choice.cider) else ''}"
    )
    return judge.done


@program
def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=128, help="how many to learn (default: %(default)s)")
    parser.add_argument("--passes", type=int, default=600, help="over them, at most (default: %(default)s)")
    parser.add_argument("--every", type=int, default=5, help="passes between two readings (default: %(default)s)")
    parser.add_argument("--batch", type=int, default=32, help="images a step (default: %(default)s)")
    parser.add_argument("--split", choices=("validation", "train"), default="validation", help="default: %(default)s")
    parser.add_argument("--cider", type=float, default=float("inf"), help="that is enough (default: none is)")
    parser.add_argument("overrides", nargs="+", help="of the configuration, as for a run")
    choice = parser.parse_intermixed_args()
    numbers = itertools.islice(vars(choice).items(), 4)
    wrong = [f"--{name}" for name, value in numbers if value < 1]
    if wrong:
        parser.error(f"{', '.join(wrong)} has to be 1 or more")
    torch.set_num_threads(1)
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")  # Lightning has advice on training without validation
    try:
        return 0 if learned(choice) else 1
    except (ConfigFault, DataFault, HydraException) as fault:
        print(f"error: {fault}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
