"""The callbacks of every run: seeds, step limit, clock and checkpoints."""

import hashlib
import math
import time
from typing import Any, final

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback, Checkpoint

from benchmark.common.errors import RunFault
from benchmark.results.primary_metric import Headline
from benchmark.results.run_folder import RunFolder


def seed_all(seed: int, purpose: str) -> None:
    """Seeds Python, NumPy and PyTorch on all devices with a hash of the seed and the purpose."""
    mixed = hashlib.sha256(f"{seed}/{purpose}".encode()).digest()
    pl.seed_everything(int.from_bytes(mixed[:4], "big"), workers=True, verbose=False)


@final
class EpochSeed(Callback):
    """Seeds each epoch by (seed, epoch), so that a resumed run samples as an uninterrupted one does.

    Lightning saves no random state, and loaders and loggers may use it between a checkpoint and the next epoch.
    """

    def __init__(self, seed: int):
        self._seed = seed

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        seed_all(self._seed, f"epoch {trainer.current_epoch}")


@final
class StepLimit(Callback):
    """Hides `trainer.max_steps` from Lightning while it reads a checkpoint. It must be the first callback.

    With a step limit Lightning takes a checkpoint from the end of an epoch for one from its middle, and would first
    train an epoch of no batches.
    """

    def __init__(self) -> None:
        self._most = -1

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._most, trainer.fit_loop.epoch_loop.max_steps = trainer.max_steps, -1

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        trainer.fit_loop.epoch_loop.max_steps = self._most


@final
class Clock(Callback):
    """Time and amount of training, continued over interruptions.

    seconds: of training and validation. training_seconds: of training steps alone. images, batches: trained on.
    """

    def __init__(self) -> None:
        self._before = self.training_seconds = 0.0
        self.images = self.batches = 0
        self._since = self._step_since = math.nan

    def count(self) -> int:
        """The training images seen so far; those of an epoch that is seen again count again."""
        return self.images

    @property
    def seconds(self) -> float:
        """Seconds of training and validation so far."""
        return self._before + (0.0 if math.isnan(self._since) else time.monotonic() - self._since)

    def leave_out(self, seconds: float) -> None:
        """Takes off time that was spent on neither training nor validation, such as drawing."""
        self._since += seconds

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._since = time.monotonic()

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._step_since = time.monotonic()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self.batches += 1
        self.images += len(batch.image)

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._stop_steps()

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._stop_steps()

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._before, self._since = self.seconds, math.nan

    def _stop_steps(self) -> None:
        if not math.isnan(self._step_since):
            self.training_seconds += time.monotonic() - self._step_since
        self._step_since = math.nan

    def state_dict(self) -> dict[str, Any]:
        return {"seconds": self.seconds, "training_seconds": self.training_seconds, "images": self.images,
                "batches": self.batches}  # fmt: skip

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._before, self.training_seconds = state_dict["seconds"], state_dict["training_seconds"]
        self.images, self.batches = state_dict["images"], state_dict["batches"]


@final
class Checkpoints(Checkpoint):
    """Writes last.ckpt after every epoch, and best.ckpt where the primary metric of the validation split is a new best.

    Lightning calls this kind of callback after all others, so it knows whether one of them has stopped training. The
    last epoch is always validated, whatever the interval of validation, and a run that has ended does not train on when
    it is resumed. Raises RunFault instead of writing where a weight or the primary metric is not finite.

    value, epoch, seconds: the best primary metric, its epoch from 0, and the training time until then.
    """

    def __init__(self, folder: RunFolder, clock: Clock, headline: Headline):
        self._folder, self._clock, self._headline = folder, clock, headline
        self.value = headline.worst
        self.epoch = -1
        self.seconds = 0.0
        self._validated = self._over = False

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self._over:
            _end(trainer)

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.current_epoch + 1 == trainer.max_epochs:
            trainer.check_val_every_n_epoch = 1

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if 0 < trainer.max_steps <= trainer.global_step:
            _end(trainer)
        if trainer.should_stop:
            trainer.check_val_every_n_epoch = 1

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._validated = not trainer.sanity_checking

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if not all(bool(torch.isfinite(weight).all()) for weight in pl_module.parameters()):
            raise RunFault(self._refusal(trainer, "the weights are not finite"))
        if self._validated:
            self._judge(trainer, float(trainer.callback_metrics[self._headline.monitor]))
        self._validated = False
        self._over = trainer.should_stop and trainer.fit_loop._can_stop_early
        trainer.save_checkpoint(self._folder.last)

    def _judge(self, trainer: pl.Trainer, value: float) -> None:
        if not math.isfinite(value):
            raise RunFault(self._refusal(trainer, f"{self._headline.monitor} is {value}"))
        if self._headline.is_better(value, self.value):
            self.value, self.epoch, self.seconds = value, trainer.current_epoch, self._clock.seconds
            trainer.save_checkpoint(self._folder.best)

    def _refusal(self, trainer: pl.Trainer, what: str) -> str:
        return (
            f"{what} after epoch {trainer.current_epoch + 1} (step {trainer.global_step}); the checkpoints of the "
            "epoch before are kept. A lower learning rate or a tighter gradient clip may help."
        )

    def state_dict(self) -> dict[str, Any]:
        return {"value": self.value, "epoch": self.epoch, "seconds": self.seconds, "over": self._over}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.value, self.epoch, self.seconds = state_dict["value"], state_dict["epoch"], state_dict["seconds"]
        self._over = state_dict["over"]


def _end(trainer: pl.Trainer) -> None:
    """Ends training, after a validation, even below trainer.min_epochs or min_steps."""
    trainer.fit_loop.min_epochs, trainer.fit_loop.epoch_loop.min_steps = None, None
    trainer.should_stop = True
