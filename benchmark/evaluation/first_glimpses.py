"""Checks a mechanism before training: what would else end a run at its first test, after all of its training."""

from collections.abc import Callable, Iterator
from typing import Any, final

import pytorch_lightning as pl
import torch

from benchmark.common.errors import RunFault
from benchmark.evaluation.cost import multiply_adds
from benchmark.model.attention.distribution import mode
from benchmark.model.attention.faults import glimpse_faults, look_faults, unregistered
from benchmark.model.loop import SequenceModel
from datamodules.contract import Batch, TaskSpec

IMAGES = 2


@final
class FirstGlimpses(pl.Callback):
    """Looks at IMAGES validation images once, before training, and counts multiply-adds. Raises RunFault.

    Generators are left as they were. make: the same model once more, for the meta device.
    """

    def __init__(self, make: Callable[[TaskSpec], SequenceModel], name: str):
        self._make, self._name = make, name

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        module: Any = pl_module
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        batch = next(iter(data.batches("validation", module.device)))
        with torch.random.fork_rng([module.device] if module.device.type == "cuda" else []):
            faults = [*unregistered(module.rnn)] or [*first_faults(module.rnn, batch)]
            if not faults:
                multiply_adds(self._make(data.spec), data.spec)
        if faults:
            check = f"python -m benchmark.check attention={self._name} tells more"
            raise RunFault("\n  ".join([f"attention={self._name} breaks its contract ({check}):", *faults]))


def first_faults(rnn: SequenceModel, batch: Batch) -> Iterator[str]:
    """Faults of the first glimpses of a batch, without gradient."""
    found: list[str] = []
    hook = rnn.attention.register_forward_hook(
        lambda part, inputs, glimpse: found.extend(glimpse_faults(part, glimpse, len(inputs[1])))
    )
    was = rnn.training
    try:
        with torch.no_grad():
            where = rnn.eval()(batch.image[:IMAGES], batch.boxes[:IMAGES], None, 1, mode).where[:, 0].flatten(0, 2)
    except Exception:
        if not found:
            raise  # otherwise the faults found so far explain the exception
    finally:
        hook.remove()
        rnn.train(was)
    height, width = batch.image.shape[-2:]
    yield from dict.fromkeys(found) or look_faults(rnn.attention, where, (height, width))
