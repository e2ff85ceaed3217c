"""Whether the computation of a training step, from a batch to the loss, is compiled before training."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, final

import pytorch_lightning as pl
from torch import Tensor

from benchmark.model.loop import SequenceModel
from benchmark.objective.base import Objective
from datamodules.contract import Batch

StepFunction = Callable[[SequenceModel, Objective, Batch], dict[str, Tensor]]
"""What `TrainingStep.forward` does: the terms of a batch's loss, `loss` among them."""


class Compilation(pl.Callback, ABC):
    """Sets how the LightningModule computes the loss of a batch, once, before the first step.

    Validation and test are as they were. So are the gradients, to rounding.

    notices: lines for the user, printed before training.
    second_gradients: whether a loss may have the gradient of a gradient in it, see `Objective`.
    shares_batches: whether a batch may be shared by several processes.
    """

    notices: tuple[str, ...] = ()
    second_gradients: bool
    shares_batches: bool

    @final
    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        module: Any = pl_module
        module.step_function = self.compiled(module.train_step.forward)  # the module itself would be registered twice

    @abstractmethod
    def compiled(self, step: StepFunction) -> StepFunction:
        """The step as it will be called."""
