"""What watches a run while it trains: its clock, its random state, its checkpoints and its heartbeat."""

import hashlib
import math
import time
from typing import Any, final

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback, Checkpoint

from benchmark.console import Console, span
from benchmark.faults import RunFault
from benchmark.folder import RunFolder, Status
from benchmark.headline import Headline

BEAT_SECONDS = 2.0


def seed_all(seed: int, purpose: str) -> None:
    """Every random state (Python, NumPy, PyTorch on all devices) as a function of a seed and what it is for."""
    mixed = hashlib.sha256(f"{seed}/{purpose}".encode()).digest()
    pl.seed_everything(int.from_bytes(mixed[:4], "big"), workers=True, verbose=False)


@final
class EpochSeed(Callback):
    """Makes what an epoch draws a function of (seed, epoch): a resumed run then draws what an uninterrupted one does.

    Lightning saves no random state, and what runs between a checkpoint and the next epoch (loaders, loggers) draws too.
    """

    def __init__(self, seed: int):
        self._seed = seed

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        seed_all(self._seed, f"epoch {trainer.current_epoch}")


@final
class Clock(Callback):
    """Counts what training took, over interruptions: seconds in all, seconds and images of training steps alone."""

    def __init__(self) -> None:
        self._before = self.training_seconds = 0.0
        self.images = self.steps = 0
        self._since = self._step_since = math.nan

    @property
    def seconds(self) -> float:
        """Training and validation, up to now. Stands still where nothing trains."""
        return self._before + (0.0 if math.isnan(self._since) else time.monotonic() - self._since)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._since = time.monotonic()

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._step_since = time.monotonic()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self.steps += 1
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
                "steps": self.steps}  # fmt: skip

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._before, self.training_seconds = state_dict["seconds"], state_dict["training_seconds"]
        self.images, self.steps = state_dict["images"], state_dict["steps"]


@final
class Checkpoints(Checkpoint):
    """Writes last.ckpt after every epoch, and best.ckpt where the headline on the validation split is the best so far.

    Lightning calls this kind of callback after all others, so that no epoch with a bad step is ever written.
    Raises RunFault rather than write weights or a headline that are not finite.
    """

    def __init__(self, folder: RunFolder, clock: Clock, headline: Headline):
        self._folder, self._clock, self._headline = folder, clock, headline
        self.value = headline.worst
        self.epoch = -1
        self.seconds = 0.0
        self._validated = False

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._validated = not trainer.sanity_checking

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if not all(bool(torch.isfinite(weight).all()) for weight in pl_module.parameters()):
            raise RunFault(self._refusal(trainer, "the weights are not finite"))
        if self._validated:
            self._judge(trainer, float(trainer.callback_metrics[self._headline.monitor]))
        self._validated = False
        trainer.save_checkpoint(self._folder.last)

    def _judge(self, trainer: pl.Trainer, value: float) -> None:
        if not math.isfinite(value):
            raise RunFault(self._refusal(trainer, f"{self._headline.monitor} is {value}"))
        if self._headline.is_better(value, self.value):
            self.value, self.epoch, self.seconds = value, trainer.current_epoch, self._clock.seconds
            trainer.save_checkpoint(self._folder.best)

    def _refusal(self, trainer: pl.Trainer, what: str) -> str:
        return (
            f"{what} after epoch {trainer.current_epoch + 1} (step {self._clock.steps}); the checkpoints of the epoch "
            "before are kept. A lower learning rate or a tighter gradient clip may help."
        )

    def state_dict(self) -> dict[str, Any]:
        return {"value": self.value, "epoch": self.epoch, "seconds": self.seconds}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.value, self.epoch, self.seconds = state_dict["value"], state_dict["epoch"], state_dict["seconds"]


@final
class Heartbeat(Callback):
    """Says where a run is: in status.json every two seconds, on the console, and a line for each epoch in both logs."""

    def __init__(self, status: Status, console: Console, clock: Clock, headline: Headline):
        self._status, self._console, self._clock, self._headline = status, console, clock, headline
        self._beat = self._since = 0.0
        self._steps_before = 0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._since, self._steps_before = time.monotonic(), self._clock.steps
        self._status.say(measure=self._headline._asdict())
        self._say(trainer)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if time.monotonic() - self._beat >= BEAT_SECONDS:
            self._say(trainer)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._say(trainer)
        monitor = self._headline.monitor
        value = f"{monitor} {self._headline.written(trainer.callback_metrics.get(monitor))}"
        left = span(self._status.get("seconds_left"))
        self._console.line(f"epoch {trainer.current_epoch + 1} of {trainer.max_epochs}: {value}, {left} left")

    def _say(self, trainer: pl.Trainer) -> None:
        self._beat = time.monotonic()
        epochs, done = trainer.max_epochs or 0, self._clock.steps
        steps = epochs * int(trainer.num_training_batches)
        pace = (self._beat - self._since) / max(1, done - self._steps_before)
        left = pace * (steps - done) if done > self._steps_before else None
        epoch = min(trainer.current_epoch + 1, epochs)
        self._status.say(epoch=epoch, epochs=epochs, step=done, steps=steps, seconds_left=left, message="training")
        self._console.now(f"epoch {epoch} of {epochs}, step {done} of {steps}, {span(left)} left")
