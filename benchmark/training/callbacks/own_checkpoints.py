"""Marks checkpoints as a run's own: weights of equal shapes fit, whatever run they are of."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from benchmark.common.errors import RunFault

KEY = "config_hash"
"""The key of the configuration's hash in a checkpoint; those of older versions have none."""


@final
class MarkCheckpoints(Callback):
    """Writes entries of the run into every checkpoint: the hash of its configuration, and its task's symbols."""

    def __init__(self, entries: Mapping[str, Any]):
        self._entries = entries

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        checkpoint.update(self._entries)


def refuse_foreign(path: Path, checkpoint: Mapping[str, Any], config_hash: object) -> None:
    """Raises RunFault where a checkpoint in a run's folder is another run's. config_hash: of the run, None if it is not
    known.
    """
    found = checkpoint.get(KEY)
    if None not in (found, config_hash) and found != config_hash:
        raise RunFault(
            f"{path} is a checkpoint of another run (configuration {str(found)[:8]}, here it is "
            f"{str(config_hash)[:8]}). Put back this run's own, or delete it to start this run anew."
        )
