"""Pictures of the same validation images while a model learns where to look."""

import time
from collections.abc import Callable
from typing import Any, final

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback

from benchmark.common.tones import Tones
from benchmark.evaluation.pictures import panel
from benchmark.results.run_folder import RunFolder
from benchmark.training.callbacks.builtin import Clock

SHOWN = 8


@final
class Panels(Callback):
    """Draws where the model looks in SHOWN validation images, after those validated epochs that are due.

    It draws before the epoch's line is logged, so that the line can have the picture. Nothing is drawn at random, and
    the generators are left as they were. clock: the time of drawing is no time of training.
    """

    def __init__(self, folder: RunFolder, tones: Tones, is_due: Callable[[int], bool], clock: Clock):
        self._folder, self._tones, self._is_due, self._clock = folder, tones, is_due, clock

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        epoch = trainer.current_epoch
        if not self._is_due(epoch):
            return
        began = time.monotonic()
        module: Any = pl_module
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        with torch.random.fork_rng():
            panel(module, data, self._folder.panel_after(epoch), self._tones, "validation", SHOWN)
        self._clock.leave_out(time.monotonic() - began)
