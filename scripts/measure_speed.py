"""What a training step costs, mechanism by mechanism, and where its time goes.

    OMP_NUM_THREADS=1 python scripts/measure_speed.py
    OMP_NUM_THREADS=1 python scripts/measure_speed.py --attention ram,dram --data digit_pairs objective.samples=1

lightning: a step of a real Trainer with the callbacks and the log of a run, its batch included.
framework: what it takes beyond the same step by hand, in turns with it: batch, forward, backward, clipping, optimiser.
batch: making the batch, on average: one of them draws what lies where for those that follow as well.
glimpses: cutting windows out of images, with the way back where there is one.
Digits are made up, in MNIST's format, so that no file is needed; they cost what MNIST's cost.
"""

import argparse
import itertools
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import measuring
import pytorch_lightning as pl
import torch
from measuring import Action, Row, Subject
from pytorch_lightning.callbacks import Callback
from torch import Tensor, nn

from benchmark.build import make
from benchmark.model.attention.window import Retina, Sampler
from benchmark.process.terminal import Quiet
from benchmark.results.run_folder import Status
from benchmark.training.callbacks.builtin import Clock, EpochSeed
from benchmark.training.callbacks.heartbeat import Heartbeat
from benchmark.training.logger.base import JsonLines
from benchmark.training.training_step.likelihood import teacher_forced
from datamodules.tickets import Ticket


class Turns(Callback):
    """Takes the time of each step of a Trainer, and of other actions between two steps, in turns."""

    def __init__(self, actions: dict[str, Action], device: torch.device):
        self.actions, self.device = actions, device
        self.spent: dict[str, list[float]] = {name: [] for name in ("lightning", *actions)}
        self.since = 0.0

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.since = measuring.now(self.device)

    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        self.spent["lightning"].append(measuring.now(self.device) - self.since)
        for name, action in self.actions.items():
            before = measuring.now(self.device)
            action()
            self.spent[name].append(measuring.now(self.device) - before)
        self.since = measuring.now(self.device)


def in_turns(one: Subject, actions: dict[str, Action], rounds: int, folder: Path) -> dict[str, float]:
    """Median seconds of a step through Lightning, as a run takes it, and of the actions; the mean of `batch`. Two
    rounds do not count.
    """
    turns, clock = Turns(actions, one.device), Clock()
    headline = one.built.module.measure.headline
    beat = Heartbeat(Status(folder / "status.json", "", ""), Quiet(), clock, headline)
    trainer = make(
        one.config.trainer,
        logger=[JsonLines(folder / "metrics.jsonl", clock.count)],
        callbacks=[EpochSeed(0), clock, beat, turns],
        accelerator=one.device.type,
        max_epochs=1,
        limit_train_batches=rounds + 2,
        limit_val_batches=0,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
    )
    trainer.fit(one.built.module, datamodule=one.built.datamodule)
    rest = [whole - hand for whole, hand in zip(turns.spent["lightning"], turns.spent["by hand"], strict=True)]
    taken = {name: statistics.median(times[2:]) for name, times in {**turns.spent, "framework": rest}.items()}
    return {**taken, "batch": statistics.mean(turns.spent["batch"][2:])}


def endless(data: Any, epoch: int) -> Iterator[Ticket]:
    """Tickets of one epoch of training, from the first one again after the last."""
    tickets = data.tickets("train")
    tickets.set_epoch(epoch)
    return itertools.cycle(tickets)


def cutting(one: Subject) -> Action:
    """Repeats what a training step asks of its retina or sampler."""
    rnn, batch, asked = one.built.module.rnn, one.batch, list[tuple[nn.Module, tuple[Tensor, ...]]]()
    cutters = [part for part in rnn.modules() if isinstance(part, Retina | Sampler)]
    hooks = [part.register_forward_pre_hook(lambda part, given: asked.append((part, given))) for part in cutters]
    teacher_forced(rnn, one.built.module.objective, batch)
    for hook in hooks:
        hook.remove()
    asked = [
        (part, tuple(value.detach().requires_grad_(value.requires_grad) for value in given)) for part, given in asked
    ]

    def cut() -> None:
        for part in cutters:
            if isinstance(part, Retina):
                part.levels(batch.image)
        for part, given in asked:
            crop = part(*given)
            if crop.requires_grad:
                crop.backward(torch.ones_like(crop))

    return cut


def measured(attention: str, choice: argparse.Namespace, digits: str, folder: Path) -> Row:
    one = measuring.subject_of(attention, choice, digits)
    data: Any = one.built.datamodule
    step, made, trained = measuring.training_step(one), endless(data, 1), endless(data, 2)  # the Trainer's is 0
    actions = {
        "batch": lambda: data.batch(next(made), one.device),
        "glimpses": cutting(one),
        "inference": measuring.inference(one),
        "by hand": lambda: step(data.batch(next(trained), one.device)),  # last, so that a step follows a step
    }
    taken = in_turns(one, actions, choice.rounds, folder)
    whole, images = taken["lightning"], len(one.batch.image)
    return {
        "attention": attention,
        "samples": one.built.module.objective.samples,
        "train, images/s": images / whole,
        "inference, images/s": images / taken["inference"],
        "framework, %": 100 * taken["framework"] / whole,
        "batch, %": 100 * taken["batch"] / whole,
        "glimpses, %": 100 * taken["glimpses"] / whole,
    }


def measure(choice: argparse.Namespace) -> list[Row]:
    names = choice.attention.split(",") if choice.attention else measuring.composer().choices("attention")
    with measuring.sample_digits() as digits, tempfile.TemporaryDirectory() as folder:
        return [measured(name, choice, digits, Path(folder)) for name in names]


if __name__ == "__main__":
    parser = measuring.by_mechanism(__doc__, "mnist_pairs")
    sys.exit(measuring.main(measure, parser, "Training step and inference by mechanism"))
