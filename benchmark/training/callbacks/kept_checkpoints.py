"""Checkpoints that a run keeps besides the best and the last: from its start, its middle and its end, or any others."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, final

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from benchmark.results.run_folder import RunFolder
from datamodules.ranges import Share


@final
class KeptCheckpoints(Callback):
    """Writes checkpoints/progress=P.ckpt at shares P of the run's steps; 0 is before the first step. They change
    nothing else. Where training ends early, that of 1 is the end, and those in between are not reached.

    at: the shares. The whole length is that which `trainer.max_epochs` and `max_steps` set.
    """

    def __init__(self, at: Sequence[Share]):
        self._at = sorted({float(share) for share in at})
        self._due: dict[float, int] = {}

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        steps = int(trainer.estimated_stepping_batches)
        self._due = {share: round(share * steps) for share in self._at}
        self._keep(trainer)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self._keep(trainer)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if 1.0 in self._due:
            self._write(trainer, 1.0)

    def _keep(self, trainer: pl.Trainer) -> None:
        for share in [share for share, step in self._due.items() if step == trainer.global_step]:
            self._write(trainer, share)

    def _write(self, trainer: pl.Trainer, share: float) -> None:
        del self._due[share]
        trainer.save_checkpoint(RunFolder(Path(trainer.default_root_dir)).kept(share))
