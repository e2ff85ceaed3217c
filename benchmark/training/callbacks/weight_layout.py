"""The order in which the weights of convolutions lie in memory."""

from typing import final

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from torch.optim import Optimizer


@final
class WeightLayout(Callback):
    """On a CPU, weights of convolutions lie with their channels last (NHWC), which oneDNN computes faster: a training
    step takes 0.71 to 1.0 of the time (docs/speed.md). The numbers are the same to rounding.

    Elsewhere they stay as they are, as it was not measured there.
    """

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        channels_last(pl_module, trainer.strategy.root_device)  # before several processes agree on the layout

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        for optimizer in trainer.optimizers:
            follow_weights(optimizer)


def channels_last(module: torch.nn.Module, device: torch.device) -> None:
    """Has to come before the optimiser, and the buckets of gradients of several processes, are made."""
    if device.type == "cpu":
        module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # its annotations lack it


def follow_weights(optimizer: Optimizer) -> None:
    """Lays the optimiser's moments out as its weights are, as those of a checkpoint may not be.

    The fused kernels go through a weight and its moments in the order of memory, and would mix them up.
    """
    for weight, state in optimizer.state.items():
        for name, value in state.items():
            if isinstance(value, torch.Tensor) and value.shape == weight.shape and value.stride() != weight.stride():
                state[name] = torch.empty_like(weight, dtype=value.dtype).copy_(value)
