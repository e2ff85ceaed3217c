"""Reports the progress of training: status.json, console and log."""

import math
import time
from typing import Any, final

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from benchmark.process.terminal import Console, Words, span
from benchmark.results.primary_metric import Headline
from benchmark.results.run_folder import Status
from benchmark.training.callbacks.builtin import Clock

BEAT_SECONDS = 2.0


@final
class Heartbeat(Callback):
    """Reports progress: status.json and the console every two seconds, and a line for each epoch in both logs."""

    def __init__(self, status: Status, console: Console, clock: Clock, headline: Headline):
        self._status, self._console, self._clock, self._headline = status, console, clock, headline
        self._beat = self._since = 0.0
        self._batches_before = 0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._since, self._batches_before = time.monotonic(), self._clock.batches
        self._status.update(measure=self._headline._asdict())
        self._report(trainer)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if time.monotonic() - self._beat >= BEAT_SECONDS:
            self._report(trainer)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._report(trainer)
        monitor = self._headline.monitor
        value = f"{monitor} {self._headline.written(trainer.callback_metrics.get(monitor))}"
        left = span(self._status.get("seconds_left"))
        self._console.line(f"epoch {trainer.current_epoch + 1} of {planned(trainer)[0]}: {value}, {left} left")

    def _report(self, trainer: pl.Trainer) -> None:
        self._beat = time.monotonic()
        done, (epochs, steps) = self._clock.batches, planned(trainer)
        pace = (self._beat - self._since) / max(1, done - self._batches_before)
        left = pace * (steps - done) if done > self._batches_before else None
        epoch = min(trainer.current_epoch + 1, epochs)
        self._status.update(epoch=epoch, epochs=epochs, step=done, steps=steps, seconds_left=left, message="training")
        self._console.now(Words(f"epoch {epoch} of {epochs}, step {done} of {steps}, {span(left)} left"))


def planned(trainer: pl.Trainer) -> tuple[int, int]:
    """The planned (epochs, batches) of a training that is not stopped early."""
    batches = int(trainer.num_training_batches)
    most = trainer.estimated_stepping_batches * trainer.accumulate_grad_batches  # the last may have fewer
    if trainer.max_epochs == -1:
        return math.ceil(most / batches), int(most)
    return trainer.max_epochs or 0, min(int(most), (trainer.max_epochs or 0) * batches)
