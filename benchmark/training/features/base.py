"""Where the features of whole images come from while a run trains."""

from abc import ABC, abstractmethod
from typing import Any, final

import pytorch_lightning as pl
import torch
from torch import nn

from datamodules.contract import TaskData


class FeatureCallback(pl.Callback, ABC):
    """Sets the feature source of a model's encoders, once, before the first step."""

    @final
    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        rnn: Any = pl_module.rnn
        self.prepare(rnn, data, pl_module.device)

    @abstractmethod
    def prepare(self, rnn: nn.Module, data: TaskData, device: torch.device) -> None:
        """Sets the `source` of the encoders in place. data: the data set whose images they will be given."""
