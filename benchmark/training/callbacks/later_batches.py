"""Checks the batches after the first ones: of validation and test each one, of training the one that a step fails on.

Axes: as in `datamodules.contract`.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, final

import pytorch_lightning as pl
import torch

from benchmark.training.callbacks.first_batch import batch_faults, refuse
from datamodules.contract import Batch, DataFault, TaskSpec


def refuse_batch(split: str, number: int, batch: Batch, spec: TaskSpec, device: torch.device) -> None:
    """Raises DataFault with all faults of a batch. number: in its epoch, from 0."""
    refuse(spec.name, [f"{split}, batch {number}: {fault}" for fault in batch_faults(split, batch, spec, device)])


def checked(batches: Iterable[Batch], split: str, spec: TaskSpec, device: torch.device) -> Iterator[Batch]:
    """The batches, each checked before it is given. Raises DataFault."""
    for number, batch in enumerate(batches):
        refuse_batch(split, number, batch, spec, device)
        yield batch


@final
class LaterBatches(pl.Callback):
    """Checks each batch of the first validation, and a training batch when its step raises an error.

    The images of validation are the same in every epoch. A check before each training step would wait for the device.
    Raises DataFault, in place of the error of the step.
    """

    def __init__(self) -> None:
        self._batch: tuple[int, Any] | None = None
        self._validated = False

    def on_validation_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        if not self._validated:
            data: Any = trainer.datamodule  # type: ignore[attr-defined]
            refuse_batch("validation", batch_idx, batch, data.spec, pl_module.device)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._validated = True

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        self._batch = batch_idx, batch

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self._batch = None

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        if self._batch is None or not isinstance(exception, Exception):
            return
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        number, batch = self._batch
        try:
            with suppress(RuntimeError):  # a GPU that has failed cannot be asked for its tensors
                refuse_batch("train", number, batch, data.spec, pl_module.device)
        except DataFault as fault:
            raise fault from exception
