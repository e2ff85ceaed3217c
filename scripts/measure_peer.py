"""Our RAM beside kevinzakka's, measured in turns: the same glimpses, widths, batch, optimiser and trajectories.

    git clone https://github.com/kevinzakka/recurrent-visual-attention
    OMP_NUM_THREADS=1 python scripts/measure_peer.py --peer recurrent-visual-attention

Their training step is their `Trainer.train_one_epoch` and their evaluation `Trainer.validate`, both on batches already
in memory and without a progress bar; ours is the same work without Lightning. Ours also clips gradients and moves the
learning rate, which theirs does not.
"""

import argparse
import contextlib
import importlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import measuring
import torch
from measuring import Action, Row, Subject

from benchmark.common.errors import ConfigFault

BATCH, STEPS = 128, 2


class Setting(NamedTuple):
    """Pixels a side of the image and of the finest window, scales, glimpses, and the ratio aimed at."""

    side: int
    size: int
    scales: int
    glimpses: int
    aim: float

    def __str__(self) -> str:
        return f"{self.side} px, {self.size} x {self.size} x {self.scales}, {self.glimpses} glimpses"


SETTINGS = (Setting(28, 8, 1, 6, 1.6), Setting(60, 12, 3, 6, 2.5), Setting(100, 12, 4, 8, 3.5))


def overrides(setting: Setting) -> list[str]:
    """Our RAM as theirs is: a hidden layer in the locator, one trajectory, zero/one reward, learned baseline."""
    return [
        "attention=ram", "data=mnist_translated", "look.hidden=256", "objective.samples=1",
        "reward=zero_one", "baseline=state",
        f"data.canvas={setting.side}", f"look.size={setting.size}", f"look.scales={setting.scales}",
        f"look.glimpses={setting.glimpses}", f"data.batch_size={BATCH}", "attention.mechanism.policy.then.hidden=[128]",
    ]  # fmt: skip


class Loader(list[Any]):
    """Batches in memory, with the one attribute their trainer asks a loader for."""

    sampler = SimpleNamespace(indices=range(BATCH * STEPS))


class Silent:
    """Stands in for tqdm: a progress bar is no part of what is compared."""

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def __enter__(self) -> "Silent":
        return self

    def __exit__(self, *_: object) -> None: ...

    def set_description(self, _: str) -> None: ...

    def update(self, _: int) -> None: ...


@contextlib.contextmanager
def imported(folder: Path) -> Iterator[ModuleType]:
    """Their `trainer` module, from the user's clone. What it imports to show and to log only is stood in for."""
    logger, bar, kept = ModuleType("tensorboard_logger"), ModuleType("tqdm"), dict(sys.modules)
    vars(logger).update(configure=print, log_value=print)
    vars(bar).update(tqdm=Silent)
    sys.modules.update({"tensorboard_logger": logger, "tqdm": bar})
    sys.path.insert(0, str(folder.resolve()))
    try:
        yield importlib.import_module("trainer")
    finally:
        sys.path.pop(0)
        for name in set(sys.modules) - set(kept):
            if name in ("trainer", "model", "modules", "utils", "tensorboard_logger"):
                del sys.modules[name]
        sys.modules["tqdm"] = kept.get("tqdm", bar)


def theirs(trainer: ModuleType, setting: Setting, ours: Subject) -> tuple[Action, Action]:
    """Their training and their evaluation, each of STEPS batches like ours."""
    config = SimpleNamespace(
        use_gpu=ours.device.type == "cuda", patch_size=setting.size, glimpse_scale=2, num_patches=setting.scales,
        loc_hidden=128, glimpse_hidden=128, num_glimpses=setting.glimpses, hidden_size=256, std=0.05, M=1,
        is_train=True, epochs=1, momentum=0.5, init_lr=3e-4, best=True, ckpt_dir="ckpt", logs_dir="logs/",
        lr_patience=20, train_patience=50, use_tensorboard=False, resume=False, print_freq=10, plot_freq=2,
    )  # fmt: skip
    batches = Loader([(ours.batch.image, ours.batch.target[:, 0])] * STEPS)
    one = trainer.Trainer(config, (batches, batches))
    return lambda: one.train_one_epoch(1), lambda: one.validate(1)


def repeated(action: Action) -> Action:
    return lambda: [action() for _ in range(STEPS)]


def compared(trainer: ModuleType, setting: Setting, digits: str, choice: argparse.Namespace) -> Row:
    ours = measuring.subject([*overrides(setting), f"data.root={digits}"], choice.device)
    step = measuring.training_step(ours)
    their_training, their_evaluation = theirs(trainer, setting, ours)
    actions = {
        "our train": repeated(lambda: step(ours.batch)),
        "their train": their_training,
        "our eval": repeated(measuring.inference(ours)),
        "their eval": their_evaluation,
    }
    taken = measuring.seconds(actions, choice.rounds, choice.device)
    speed = {name: BATCH * STEPS / spent for name, spent in taken.items()}
    return {
        "setting": str(setting),
        "our train, images/s": speed["our train"],
        "theirs ": speed["their train"],
        "ratio": speed["our train"] / speed["their train"],
        "aim": setting.aim,
        "our eval, images/s": speed["our eval"],
        "theirs": speed["their eval"],
        "ratio ": speed["our eval"] / speed["their eval"],
    }


def measure(choice: argparse.Namespace) -> list[Row]:
    if not (choice.peer / "trainer.py").is_file():
        raise ConfigFault([f"--peer: there is no trainer.py in {choice.peer}; name a clone of their repository"])
    here = Path.cwd()
    with imported(choice.peer) as trainer, measuring.sample_digits() as digits, tempfile.TemporaryDirectory() as away:
        os.chdir(away)  # their trainer makes folders where it stands
        try:
            return [compared(trainer, setting, digits, choice) for setting in SETTINGS]
        finally:
            os.chdir(here)


if __name__ == "__main__":
    parser = measuring.arguments(__doc__)
    parser.add_argument("--peer", type=Path, required=True, metavar="FOLDER", help="a clone of theirs")
    torch.manual_seed(0)
    sys.exit(measuring.main(measure, parser, "Our RAM beside kevinzakka's, images a second, batch 128"))
