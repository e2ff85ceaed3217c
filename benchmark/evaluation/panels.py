"""Pictures of the same validation images while a model learns where to look."""

from collections.abc import Callable
from typing import Any, final

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback

from benchmark.common.tones import Tones
from benchmark.evaluation.pictures import panel
from benchmark.results.run_folder import RunFolder

SHOWN = 8


@final
class Panels(Callback):
    """Draws where the model looks in SHOWN validation images, after those validated epochs that are due.

    It draws before the epoch's line is logged, so that the line can have the picture. Nothing is drawn at random, and
    the generators are left as they were.
    """

    def __init__(self, folder: RunFolder, tones: Tones, is_due: Callable[[int], bool]):
        self._folder, self._tones, self._is_due = folder, tones, is_due

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        epoch = trainer.current_epoch
        if not self._is_due(epoch):
            return
        module: Any = pl_module
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        with torch.random.fork_rng():
            panel(module, data, self._folder.panel_after(epoch), self._tones, "validation", SHOWN)
